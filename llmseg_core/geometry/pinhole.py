# SPDX-License-Identifier: Apache-2.0
"""A camera without distortion: from pixels and depths to points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pinhole"]


@dataclass(frozen=True)
class Pinhole:
    """How pixels of one image see, in pixels; the centre of the top left pixel is (0, 0)."""

    fx: float
    """Focal length along rows, above 0."""
    fy: float
    """Focal length along columns, above 0."""
    cx: float
    """Column of the optical axis."""
    cy: float
    """Row of the optical axis."""

    def __post_init__(self) -> None:
        values = {"fx": self.fx, "fy": self.fy, "cx": self.cx, "cy": self.cy}
        for name, value in values.items():
            if not math.isfinite(value) or (name.startswith("f") and value <= 0):
                limits = "a finite number above 0" if name.startswith("f") else "a finite number"
                raise ValueError(f"{name} is {value}, it must be {limits}")

    def points(
        self, columns: NDArray[np.integer], rows: NDArray[np.integer], depth: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """What pixels show.

        Args:
            columns: (N,).
            rows: (N,).
            depth: (N,) along the optical axis, metres.

        Returns:
            (N, 3) float32 in the camera's frame: x right, y down, z forward, metres.
        """
        points = np.empty((len(depth), 3), np.float32)
        points[:, 0] = (columns - self.cx) * depth / self.fx
        points[:, 1] = (rows - self.cy) * depth / self.fy
        points[:, 2] = depth
        return points

    def scaled(self, x: float, y: float) -> Pinhole:
        """The same camera for an image that is `x` times as wide and `y` times as high."""
        return Pinhole(
            self.fx * x, self.fy * y, (self.cx + 0.5) * x - 0.5, (self.cy + 0.5) * y - 0.5
        )
