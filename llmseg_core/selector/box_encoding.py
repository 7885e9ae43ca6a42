# SPDX-License-Identifier: Apache-2.0
"""Where a proposal is, as a vector: an addition to the paper, for instructions about place."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["BoxEncoding"]


class BoxEncoding(nn.Module):
    """An MLP on Fourier features of a box.

    Args:
        width: D, width of the result.
        num_frequencies: sines and cosines of each number, at 1/2, 1, 2, 4, ... periods an image.
    """

    frequencies: Tensor

    def __init__(self, width: int, num_frequencies: int = 6) -> None:
        super().__init__()
        frequencies = math.pi * 2.0 ** torch.arange(num_frequencies)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.mlp = nn.Sequential(
            nn.Linear(5 * (1 + 2 * num_frequencies), width), nn.ReLU(), nn.Linear(width, width)
        )

    def forward(self, boxes: Tensor) -> Tensor:
        """Boxes (..., 4), centre x, centre y, width, height in [0, 1], to (..., D).

        The square root of the box's area is a fifth number beside the four.
        """
        side = (boxes[..., 2:3] * boxes[..., 3:4]).clamp(min=0).sqrt()
        numbers = torch.cat((boxes, side), -1)  # (..., 5)
        angles = (numbers[..., None] * self.frequencies).flatten(-2)
        waves = torch.cat((numbers, angles.sin(), angles.cos()), -1)
        return self.mlp(waves.to(next(self.mlp.parameters()).dtype))
