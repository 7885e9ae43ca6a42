# SPDX-License-Identifier: Apache-2.0
"""Images on their way into a network: checks, resizing, normalising, padding."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from llmseg_core.runtime.sending import sent

__all__ = ["check_image", "normalize_and_pad", "resize_longest_side"]

PIXEL_MEAN = (123.675, 116.28, 103.53)
"""SAM's mean of red, green and blue, [0, 255]; also used for DINOv2 by the released method."""
PIXEL_STD = (58.395, 57.12, 57.375)
"""SAM's standard deviation of red, green and blue, [0, 255]."""


def check_image(image: np.ndarray) -> np.ndarray:
    """Return `image` if it is (H, W, 3) uint8 RGB with at least one pixel.

    Raises:
        ValueError: for another type, shape or dtype; the message quotes it.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(f"the image is a {type(image).__name__}, it must be a NumPy array")
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"the image has shape {image.shape}, it must be (H, W, 3) in RGB order")
    if image.dtype != np.uint8:
        raise ValueError(f"the image has dtype {image.dtype}, it must be uint8 in [0, 255]")
    if not image.size:
        raise ValueError(f"the image has shape {image.shape}, both sides must be at least 1 pixel")
    return image


def resized_shape(height: int, width: int, side: int) -> tuple[int, int]:
    """(height, width) after the longest side has become `side` pixels, as SAM rounds it."""
    scale = side / max(height, width)
    return max(int(height * scale + 0.5), 1), max(int(width * scale + 0.5), 1)


def resize_longest_side(image: np.ndarray, side: int) -> np.ndarray:
    """Resize (H, W, 3) uint8 so that its longest side is `side` pixels.

    Pillow's antialiased bilinear filter, which SAM's own transform uses, so that the result is the
    same to the bit.
    """
    height, width = resized_shape(image.shape[0], image.shape[1], side)
    if (height, width) == image.shape[:2]:
        return image
    resized = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    return np.array(resized)


def normalize_and_pad(image: np.ndarray, side: int, device: torch.device | str = "cpu") -> Tensor:
    """(H, W, 3) uint8 with H, W <= side to (3, side, side) float32, padded right and bottom by 0.

    The padding comes after the normalisation, as in SAM.
    """
    height, width = image.shape[:2]
    tensor = sent(torch.from_numpy(np.ascontiguousarray(image)), device).permute(2, 0, 1).float()
    colours = torch.tensor((PIXEL_MEAN, PIXEL_STD), dtype=torch.float32)
    mean, std = sent(colours, device)[..., None, None]
    return F.pad((tensor - mean) / std, (0, side - width, 0, side - height))
