# SPDX-License-Identifier: Apache-2.0
"""The image encoder of the paper: DINOv2's patch tokens as a feature map; DINOv3's likewise."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from transformers import Dinov2Model, Dinov2WithRegistersModel, DINOv3ViTModel

from llmseg_core.images.image_ops import check_image, normalize_and_pad, resize_longest_side
from llmseg_core.runtime.recorded import Recorded

__all__ = ["DINOS", "Dino", "Dinov2Encoder", "cells_inside"]

Dino: TypeAlias = Dinov2Model | Dinov2WithRegistersModel | DINOv3ViTModel
"""DINOv2, without and with registers, and DINOv3's ViTs."""
DINOS = (Dinov2Model, Dinov2WithRegistersModel, DINOv3ViTModel)
"""The same for `isinstance`."""


class Dinov2Encoder(nn.Module):
    """Normalised patch tokens of a DINO (`x_norm_patchtokens`) as a feature map.

    DINOv3 was trained with ImageNet's mean and deviation, of which SAM's are 255 times the same.

    Args:
        model: the backbone.
        image_size: pixels; the longest side of the image is resized to it and the rest padded right
            and bottom. A multiple of the backbone's patch size.
        skip_padding: whether `encode` leaves out patches of nothing but padding; their features are
            0 then. For a DINOv2 that learned so, with or without registers.
    """

    def __init__(self, model: Dino, image_size: int, skip_padding: bool = False) -> None:
        super().__init__()
        patch = model.config.patch_size
        if image_size % patch:
            raise ValueError(f"image_size is {image_size}, it must be a multiple of {patch} pixels")
        if skip_padding and isinstance(model, DINOv3ViTModel):
            raise ValueError("skip_padding is true, which DINOv2 can do, and the network is DINOv3")
        self.skip_padding = skip_padding
        self.model = model
        self.image_size = image_size
        self.cells = image_size // patch
        # the class token stands first, then registers
        self.before_patches = 1 + int(getattr(model.config, "num_register_tokens", 0))
        self._recorded: Recorded | None = None

    def record_on_gpu(self) -> None:
        """Let a GPU record the pass of `encode`, see `Recorded`; not where padding is skipped."""
        self._recorded = Recorded(lambda pixels: (self(pixels),), self)

    @property
    def feature_dim(self) -> int:
        """C, channels of the feature map."""
        return int(self.model.config.hidden_size)

    @property
    def feature_size(self) -> tuple[int, int]:
        """(h, w), cells of the feature map."""
        return self.cells, self.cells

    def preprocess(self, image: np.ndarray) -> Tensor:
        """(H, W, 3) uint8 RGB to (3, S, S) float32, S = `image_size`, normalised as SAM does."""
        resized = resize_longest_side(check_image(image), self.image_size)
        return normalize_and_pad(resized, self.image_size, self.model.device)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """The feature maps of a batch.

        Args:
            pixel_values: (B, 3, S, S) float32, from `preprocess`.

        Returns:
            (B, C, h, w) float, in the backbone's dtype.
        """
        tokens = self.model(pixel_values=pixel_values).last_hidden_state
        tokens = tokens[:, self.before_patches :]  # (B, h * w, C)
        return tokens.transpose(1, 2).unflatten(2, self.feature_size)

    @torch.inference_mode()
    def encode(self, image: np.ndarray) -> Tensor:
        """The feature map (C, h, w) of one image, (H, W, 3) uint8 RGB."""
        pixel_values = self.preprocess(image)[None]
        if not self.skip_padding:
            recorded = self._recorded
            return (self(pixel_values) if recorded is None else recorded(pixel_values)[0])[0]
        rows, columns = cells_inside(image.shape[0], image.shape[1], self.cells)
        inside = torch.zeros(self.feature_size, dtype=torch.bool, device=pixel_values.device)
        inside[:rows, :columns] = True
        features = self.of_patches(pixel_values, inside.flatten().nonzero().T)
        found = features.new_zeros((self.feature_dim, *self.feature_size))
        found[:, inside] = features[0].T
        return found

    def of_patches(self, pixel_values: Tensor, kept: Tensor) -> Tensor:
        """Features of some patches, which see each other alone.

        Args:
            pixel_values: (B, 3, S, S) float32, from `preprocess`.
            kept: (B, n) int64, numbers of the patches, row by row.

        Returns:
            (B, n, C) float.
        """
        model, before = self.model, self.before_patches
        assert not isinstance(model, DINOv3ViTModel)
        tokens = model.embeddings(pixel_values)  # (B, before + h * w, C)
        places = (kept + before)[..., None].expand(-1, -1, tokens.shape[2])
        tokens = torch.cat((tokens[:, :before], tokens.gather(1, places)), 1)
        features: Tensor = model.layernorm(model.encoder(tokens).last_hidden_state)
        return features[:, before:]


def cells_inside(height: int, width: int, cells: int) -> tuple[int, int]:
    """Rows and columns of a square of `cells` x `cells` that an image of this size reaches into."""
    longest = max(height, width)
    return max(1, -(-height * cells // longest)), max(1, -(-width * cells // longest))
