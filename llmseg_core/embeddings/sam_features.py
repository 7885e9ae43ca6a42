# SPDX-License-Identifier: Apache-2.0
"""The image encoder of the paper's Table 4: SAM's own encoder, paid for by the proposals."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from transformers import SamModel

from llmseg_core.images.image_ops import check_image, normalize_and_pad, resize_longest_side

__all__ = ["SamFeatureEncoder"]


class SamFeatureEncoder(nn.Module):
    """SAM's image embedding as a feature map: 256 channels, 64 x 64 cells in the published sizes.

    It looks at what passes through SAM's encoder: where the proposals have just been made from the
    same pixels, the encoder does not run again.

    Args:
        model: SAM; the same object that proposes.
    """

    def __init__(self, model: SamModel) -> None:
        super().__init__()
        self.model = model
        config = model.config.vision_config
        self.image_size = int(config.image_size)
        self.cells = self.image_size // config.patch_size
        self._pixels: Tensor | None = None
        self._embedding: Tensor | None = None
        model.vision_encoder.patch_embed.register_forward_hook(self._see_pixels)
        model.vision_encoder.neck.register_forward_hook(self._see_embedding)

    @property
    def feature_dim(self) -> int:
        """C, channels of the feature map."""
        return int(self.model.config.vision_config.output_channels)

    @property
    def feature_size(self) -> tuple[int, int]:
        """(h, w), cells of the feature map."""
        return self.cells, self.cells

    def preprocess(self, image: np.ndarray) -> Tensor:
        """(H, W, 3) uint8 RGB to (3, S, S) float32, S = `image_size`, normalised as SAM does."""
        resized = resize_longest_side(check_image(image), self.image_size)
        return normalize_and_pad(resized, self.image_size, self.model.device)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """(B, 3, S, S) float32 from `preprocess` to (B, C, h, w) in SAM's dtype."""
        pixel_values = pixel_values.to(self.model.dtype)
        seen, embedding = self._pixels, self._embedding
        if seen is not None and embedding is not None and torch.equal(seen, pixel_values):
            return embedding
        return self.model.vision_encoder(pixel_values).last_hidden_state

    @torch.inference_mode()
    def encode(self, image: np.ndarray) -> Tensor:
        """The feature map (C, h, w) of one image, (H, W, 3) uint8 RGB."""
        return self(self.preprocess(image)[None])[0]

    def _see_pixels(self, _: nn.Module, args: tuple[Tensor], __: Tensor) -> None:
        """What comes in; what came out before belongs to other pixels."""
        self._pixels, self._embedding = args[0].detach(), None

    def _see_embedding(self, _: nn.Module, __: tuple[Tensor], embedding: Tensor) -> None:
        """What comes out of the last part."""
        self._embedding = embedding.detach()
