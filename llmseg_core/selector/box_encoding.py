# SPDX-License-Identifier: Apache-2.0
"""Where a proposal is, as a vector: an addition to the paper, for instructions about place."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["BoxEncoding"]


class BoxEncoding(nn.Module):
    """An MLP on Fourier features of a box.

    The features are float32 whatever the format of the weights: frequencies of half precision
    would put them off by 0.03, where rounding the features themselves costs 0.0002 (float16). No
    buffer holds the frequencies, so no `.half()` can round them.

    Args:
        width: D, width of the result.
        num_frequencies: sines and cosines of each number, at 1/2, 1, 2, 4, ... periods an image.
    """

    def __init__(self, width: int, num_frequencies: int = 6) -> None:
        super().__init__()
        self.num_frequencies = num_frequencies
        self.mlp = nn.Sequential(
            nn.Linear(5 * (1 + 2 * num_frequencies), width), nn.ReLU(), nn.Linear(width, width)
        )

    def forward(self, boxes: Tensor) -> Tensor:
        """Boxes (..., 4), centre x, centre y, width, height in [0, 1], to (..., D).

        The square root of the box's area is a fifth number beside the four.
        """
        boxes = boxes.float()
        side = (boxes[..., 2:3] * boxes[..., 3:4]).clamp(min=0).sqrt()
        numbers = torch.cat((boxes, side), -1)  # (..., 5)
        angles = (numbers[..., None] * self._frequencies(boxes.device)).flatten(-2)
        waves = torch.cat((numbers, angles.sin(), angles.cos()), -1)
        return self.mlp(waves.to(next(self.mlp.parameters()).dtype))

    def _frequencies(self, device: torch.device) -> Tensor:
        """(num_frequencies,) float32, radians an image; made on the device, which need not wait."""
        doublings = 1 << torch.arange(self.num_frequencies, device=device)
        return math.pi * doublings.float()
