# SPDX-License-Identifier: Apache-2.0
"""Proposals of a shrunk image at the size of the image as it was."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F

from llmseg_core.config import ProposalConfig
from llmseg_core.images.image_ops import check_image, resize_longest_side
from llmseg_core.types import Proposals, masks_to_boxes

__all__ = ["enlarge", "propose_within_limits"]


def propose_within_limits(
    propose: Callable[[np.ndarray, int], Proposals], image: np.ndarray, config: ProposalConfig
) -> Proposals:
    """The largest proposals of an image, looked for in a smaller one if it is too large.

    Args:
        propose: (image, most) to the largest masks of an image at its own size.
        image: (H, W, 3) uint8 RGB.
        config: `max_image_side` and `max_proposals`.

    Returns:
        In pixels of `image`, largest first.

    Raises:
        ValueError: if the image is not (H, W, 3) uint8 with at least one pixel.
    """
    check_image(image)
    height, width = image.shape[:2]
    if max(height, width) <= config.max_image_side:
        return propose(image, config.max_proposals)
    small = resize_longest_side(image, config.max_image_side)
    return enlarge(propose(small, config.max_proposals), height, width)


def enlarge(proposals: Proposals, height: int, width: int) -> Proposals:
    """Proposals of a shrunk image in pixels of the original (height, width) image."""
    masks = proposals.masks
    large = torch.zeros((len(masks), height, width), dtype=torch.bool, device=masks.device)
    for index in range(len(masks)):  # one at a time: as numbers they take four times the memory
        soft = masks[None, index : index + 1].float()
        soft = F.interpolate(soft, (height, width), mode="bilinear", align_corners=False)
        large[index] = soft[0, 0] > 0.5
    old_height, old_width = proposals.image_size
    scale = proposals.points.new_tensor((width / old_width, height / old_height))
    return Proposals(
        large,
        masks_to_boxes(large),
        proposals.predicted_iou,
        proposals.stability,
        proposals.points * scale,
    )
