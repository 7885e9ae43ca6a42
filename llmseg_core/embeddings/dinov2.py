# SPDX-License-Identifier: Apache-2.0
"""The image encoder of the paper: DINOv2's patch tokens as a feature map; DINOv3's likewise."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from transformers import Dinov2Model, Dinov2WithRegistersModel, DINOv3ViTModel

from llmseg_core.images.image_ops import check_image, normalize_and_pad, resize_longest_side

__all__ = ["DINOS", "Dino", "Dinov2Encoder"]

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
    """

    def __init__(self, model: Dino, image_size: int) -> None:
        super().__init__()
        patch = model.config.patch_size
        if image_size % patch:
            raise ValueError(f"image_size is {image_size}, it must be a multiple of {patch} pixels")
        self.model = model
        self.image_size = image_size
        self.cells = image_size // patch
        # the class token stands first, then registers
        self.before_patches = 1 + int(getattr(model.config, "num_register_tokens", 0))

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
        return self(self.preprocess(image)[None])[0]
