# SPDX-License-Identifier: Apache-2.0
"""SAM with boxes as prompts."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from transformers import SamModel

from llmseg_core.images.image_ops import normalize_and_pad, resize_longest_side
from llmseg_core.proposals.mask_resize import LogitResize

__all__ = ["BoxMasks"]


class BoxMasks:
    """Draws one mask a box.

    Args:
        model: SAM; its device and dtype are used.
    """

    def __init__(self, model: SamModel) -> None:
        self.model = model.eval()
        self.input_size = int(model.config.vision_config.image_size)

    @torch.inference_mode()
    def draw(self, image: np.ndarray, boxes: Tensor) -> Tensor:
        """Masks of an image.

        Args:
            image: (H, W, 3) uint8 RGB.
            boxes: (N, 4) float32, left, top, right, bottom in pixels of the image.

        Returns:
            (N, H, W) bool.
        """
        size = int(image.shape[0]), int(image.shape[1])
        if not len(boxes):
            return torch.zeros((0, *size), dtype=torch.bool)
        device, dtype = self.model.device, self.model.dtype
        resized = resize_longest_side(image, self.input_size)
        pixels = normalize_and_pad(resized, self.input_size, device)
        height, width = (resized.shape[side] / size[side] for side in (0, 1))
        scale = torch.tensor((width, height, width, height), device=device)
        out = self.model(
            pixel_values=pixels[None].to(dtype),
            input_boxes=(boxes.to(device) * scale)[None],
            multimask_output=False,
        )
        low = out.pred_masks[0, :, 0]
        low_size = int(low.shape[1]), int(low.shape[2])
        return LogitResize(low_size, size, self.input_size, device)(low) > 0
