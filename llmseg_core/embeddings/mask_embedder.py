# SPDX-License-Identifier: Apache-2.0
"""Mask embeddings: what an image encoder says of each proposal (paper section 3.2)."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from llmseg_core.types import ProposalEmbeddings, Proposals

from .mask_pooling import mask_pooling, proposal_weights

__all__ = ["ImageEncoder", "MaskEmbedder", "PooledMaskEmbedder", "normalized_boxes"]


class ImageEncoder(Protocol):
    """Anything that turns an image into a feature map."""

    def encode(self, image: np.ndarray) -> Tensor:
        """The feature map of one image.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            (C, h, w) float; the map covers the image padded right and bottom to a square.
        """
        ...


class MaskEmbedder(Protocol):
    """Anything that describes the proposals of an image by one vector each."""

    def __call__(self, image: np.ndarray, proposals: Proposals) -> ProposalEmbeddings:
        """The embeddings of the proposals, in their order.

        Args:
            image: (H, W, 3) uint8 RGB.
            proposals: of the same image.
        """
        ...


class PooledMaskEmbedder:
    """Mask pooling over the feature map of an image encoder.

    Args:
        image_encoder: the encoder of the image.
        pooling_size: cells a side of the square on which mask and features meet.
    """

    def __init__(self, image_encoder: ImageEncoder, pooling_size: int) -> None:
        self.image_encoder = image_encoder
        self.pooling_size = pooling_size

    @torch.inference_mode()
    def __call__(self, image: np.ndarray, proposals: Proposals) -> ProposalEmbeddings:
        """See `MaskEmbedder`.

        Raises:
            ValueError: if the proposals are of another image size.
        """
        if proposals.image_size != image.shape[:2]:
            raise ValueError(
                f"the proposals are of an image of {proposals.image_size} (height, width) pixels, "
                f"this one has {image.shape[:2]}"
            )
        feature_map = self.image_encoder.encode(image)
        size = (int(feature_map.shape[1]), int(feature_map.shape[2]))
        weights = proposal_weights(proposals.masks.to(feature_map.device), size, self.pooling_size)
        features = mask_pooling(feature_map, weights)
        boxes = normalized_boxes(proposals.boxes_px, proposals.image_size).to(feature_map.device)
        return ProposalEmbeddings(features, boxes)


def normalized_boxes(boxes: Tensor, image_size: tuple[int, int]) -> Tensor:
    """Boxes as fractions of the image.

    Args:
        boxes: (K, 4) float32, left, top, right, bottom in pixels, inclusive.
        image_size: (H, W) in pixels.

    Returns:
        (K, 4) float32 in [0, 1]: centre x, centre y, width, height.
    """
    height, width = image_size
    scale = boxes.new_tensor((width, height))
    start, end = boxes[:, :2] / scale, (boxes[:, 2:] + 1) / scale
    return torch.cat(((start + end) / 2, end - start), 1)
