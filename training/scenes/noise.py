# SPDX-License-Identifier: Apache-2.0
"""Smooth random fields, read from one table of random values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SIZE = 256


class Noise:
    """Periodic value noise in two dimensions: the same generator state gives the same field."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._table = rng.random((_SIZE, _SIZE), dtype=np.float32).ravel()

    def __call__(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float32]:
        """Values (N,) float32 in [0, 1] at the points `x`, `y` (N,); one cell is one unit."""
        left, low = np.floor(x), np.floor(y)
        u, v = x - left, y - low
        u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
        column = left.astype(np.int32) & (_SIZE - 1)
        row = (low.astype(np.int32) & (_SIZE - 1)) * _SIZE
        next_column = (column + 1) & (_SIZE - 1)
        next_row = (row + _SIZE) & (_SIZE * _SIZE - 1)
        table = self._table
        bottom = table[row + column] * (1 - u) + table[row + next_column] * u
        top = table[next_row + column] * (1 - u) + table[next_row + next_column] * u
        return (bottom * (1 - v) + top * v).astype(np.float32)

    def fractal(
        self, x: NDArray[np.floating], y: NDArray[np.floating], octaves: int = 3
    ) -> NDArray[np.float32]:
        """Sum of `octaves` fields, each twice as fine and half as strong; (N,) in [0, 1]."""
        total = np.zeros_like(x)
        weight, frequency, norm = 1.0, 1.0, 0.0
        for octave in range(octaves):
            shift = np.float32(17.3 * octave)
            total += weight * self(x * frequency + shift, y * frequency + shift)
            norm += weight
            weight, frequency = weight / 2, frequency * 2
        return (total / np.float32(norm)).astype(np.float32)
