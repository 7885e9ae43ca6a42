"""The image on its way into the VLM's CLIP."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["CLIP_MEAN", "CLIP_STD", "clip_pixels"]

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
"""CLIP's mean of red, green and blue, [0, 1]."""
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
"""CLIP's standard deviation of red, green and blue, [0, 1]."""


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
    mean = torch.tensor(CLIP_MEAN, device=images.device)[:, None, None]
    std = torch.tensor(CLIP_STD, device=images.device)[:, None, None]
    height, width = images.shape[1:3]
    target = (size, size)
    if fit != "stretch":
        scale = size / (min(height, width) if fit == "crop" else max(height, width))
        target = max(1, int(height * scale)), max(1, int(width * scale))
    pixels = images.permute(0, 3, 1, 2).float() / 255
    if target != (height, width):
        pixels = F.interpolate(pixels, target, mode="bicubic", antialias=True).clamp(0, 1)
    pixels = (pixels - mean) / std
    rows, columns = size - target[0], size - target[1]  # to add, or if negative to cut, in all
    top, left = int(rows / 2), int(columns / 2)
    return F.pad(pixels, (left, columns - left, top, rows - top))  # 0 is the mean colour
