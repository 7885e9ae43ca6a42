# SPDX-License-Identifier: Apache-2.0
"""The image encoder of the paper's Table 4: CLIP's ConvNeXt as a feature map."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import ConvNextModel

from llmseg_core.images.clip_pixels import CLIP_MEAN, CLIP_STD
from llmseg_core.images.image_ops import check_image, resize_longest_side

__all__ = ["ClipConvNextEncoder"]


class ClipConvNextEncoder(nn.Module):
    """The last stage of a ConvNeXt, normalised over its channels, as a feature map.

    transformers has no CLIP with a ConvNeXt; its `ConvNextModel` is the same network as the image
    side (`visual.trunk`) of OpenCLIP's, so a folder with those weights in that class is expected.

    Args:
        model: the trunk; 32 pixels a cell in all published sizes.
        image_size: pixels; the longest side of the image is resized to it and the rest padded right
            and bottom. A multiple of the pixels a cell.
    """

    def __init__(self, model: ConvNextModel, image_size: int) -> None:
        super().__init__()
        stride = model.config.patch_size * 2 ** (len(model.config.hidden_sizes) - 1)
        if image_size % stride:
            raise ValueError(
                f"image_size is {image_size}, it must be a multiple of {stride} pixels"
            )
        self.model = model
        self.image_size = image_size
        self.cells = image_size // stride

    @property
    def feature_dim(self) -> int:
        """C, channels of the feature map."""
        return int(self.model.config.hidden_sizes[-1])

    @property
    def feature_size(self) -> tuple[int, int]:
        """(h, w), cells of the feature map."""
        return self.cells, self.cells

    def preprocess(self, image: np.ndarray) -> Tensor:
        """(H, W, 3) uint8 RGB to (3, S, S) float32, S = `image_size`, normalised as CLIP does."""
        resized = resize_longest_side(check_image(image), self.image_size)
        pixels = torch.from_numpy(np.ascontiguousarray(resized)).to(self.model.device)
        mean, std = (pixels.new_tensor(v, dtype=torch.float32) for v in (CLIP_MEAN, CLIP_STD))
        pixels = ((pixels.float() / 255 - mean) / std).permute(2, 0, 1)
        height, width = pixels.shape[1:]
        return F.pad(pixels, (0, self.image_size - width, 0, self.image_size - height))

    def forward(self, pixel_values: Tensor) -> Tensor:
        """(B, 3, S, S) float32 from `preprocess` to (B, C, h, w) in the network's dtype."""
        features = self.model(pixel_values=pixel_values.to(self.model.dtype)).last_hidden_state
        return self.model.layernorm(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    @torch.inference_mode()
    def encode(self, image: np.ndarray) -> Tensor:
        """The feature map (C, h, w) of one image, (H, W, 3) uint8 RGB."""
        return self(self.preprocess(image)[None])[0]
