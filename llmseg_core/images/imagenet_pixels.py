# SPDX-License-Identifier: Apache-2.0
"""Images for networks that were trained with ImageNet's mean and deviation."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from llmseg_core.runtime.sending import sent

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "imagenet_pixels", "normalized", "resized_image"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of red, green and blue, [0, 1]."""
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Standard deviation of red, green and blue, [0, 1]."""


def imagenet_pixels(
    image: np.ndarray, size: tuple[int, int], device: torch.device | str = "cpu"
) -> Tensor:
    """An image stretched by Pillow's antialiased bilinear filter and normalised.

    Args:
        image: (H, W, 3) uint8 RGB.
        size: (rows, columns) in pixels.
        device: of the result.

    Returns:
        (1, 3, rows, columns) float32.
    """
    resized = resized_image(image, size, Image.Resampling.BILINEAR)
    return normalized(resized, IMAGENET_MEAN, IMAGENET_STD, device)


def resized_image(image: np.ndarray, size: tuple[int, int], filter: Image.Resampling) -> np.ndarray:
    """(H, W, 3) uint8 at another size (rows, columns), rounded to whole grey values by Pillow."""
    if image.shape[:2] == size:
        return image
    return np.array(Image.fromarray(image).resize((size[1], size[0]), filter))


def normalized(
    image: np.ndarray,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    device: torch.device | str = "cpu",
) -> Tensor:
    """(H, W, 3) uint8 to (1, 3, H, W) float32: [0, 1], minus the mean, by the deviation."""
    pixels = sent(torch.from_numpy(np.ascontiguousarray(image)), device).permute(2, 0, 1).float()
    centre, spread = sent(torch.tensor((mean, std), dtype=torch.float32), device)[..., None, None]
    return ((pixels / 255 - centre) / spread)[None]
