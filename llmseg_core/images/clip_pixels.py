# SPDX-License-Identifier: Apache-2.0
"""The image on its way into the VLM's CLIP."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from llmseg_core.runtime.sending import sent

__all__ = ["CLIP_MEAN", "CLIP_STD", "clip_input", "clip_pixels"]

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
"""CLIP's mean of red, green and blue, [0, 1]."""
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
"""CLIP's standard deviation of red, green and blue, [0, 1]."""


def clip_input(
    image: np.ndarray, size: int, fit: str = "crop", device: torch.device | str = "cpu"
) -> Tensor:
    """One image for CLIP: as `clip_pixels`, but "crop" to the bit as CLIP's own processor does it.

    That processor resizes with Pillow, which rounds to whole grey values.

    Args:
        image: (H, W, 3) uint8 RGB.
        size: S, pixels a side of the square.
        fit: "crop", "pad" or "stretch".
        device: of the result.

    Returns:
        (1, 3, S, S) float32.
    """
    if fit == "crop" and min(image.shape[:2]) != size:
        rows, columns = _target(image.shape[0], image.shape[1], size, fit)
        resized = Image.fromarray(image).resize((columns, rows), Image.Resampling.BICUBIC)
        image = np.array(resized)
    pixels = sent(torch.from_numpy(np.ascontiguousarray(image)), device)[None]
    return clip_pixels(pixels, size, fit)


def clip_pixels(images: Tensor, size: int, fit: str = "crop") -> Tensor:
    """Images of one size, fitted to CLIP's square and normalised.

    Args:
        images: (B, H, W, 3) uint8 RGB.
        size: S, pixels a side of the square.
        fit: "crop": the shortest side becomes S and the centre is kept; "pad": the image is padded
            on both sides to a square of CLIP's mean colour; "stretch": both sides become S.

    Returns:
        (B, 3, S, S) float32.
    """
    if fit not in ("crop", "pad", "stretch"):
        raise ValueError(f'fit is {fit!r}, it must be "crop", "pad" or "stretch"')
    colours = torch.tensor((CLIP_MEAN, CLIP_STD), dtype=torch.float32)
    mean, std = sent(colours, images.device)[..., None, None]
    height, width = images.shape[1:3]
    target = _target(height, width, size, fit)
    # One colour after the other: all of a large image in float32 would not stay in cache.
    pixels = torch.cat([_resized(colour, target) for colour in images.unbind(-1)], dim=1)
    pixels = (pixels / 255 - mean) / std  # divided when it is small
    rows, columns = size - target[0], size - target[1]  # to add, or if negative to cut, in all
    top, left = int(rows / 2), int(columns / 2)
    return F.pad(pixels, (left, columns - left, top, rows - top))  # 0 is the mean colour


def _resized(colour: Tensor, target: tuple[int, int]) -> Tensor:
    """(B, H, W) uint8 as (B, 1, *target) float32 in [0, 255]."""
    values = colour.unsqueeze(1).float()
    if target != values.shape[2:]:
        values = F.interpolate(values, target, mode="bicubic", antialias=True).clamp(0, 255)
    return values


def _target(height: int, width: int, size: int, fit: str) -> tuple[int, int]:
    """(rows, columns) of an image of `height` x `width` pixels before it is cut or padded."""
    if fit == "stretch":
        return size, size
    side = min(height, width) if fit == "crop" else max(height, width)
    return max(1, size * height // side), max(1, size * width // side)
