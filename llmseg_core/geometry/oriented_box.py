# SPDX-License-Identifier: Apache-2.0
"""The smallest upright box about points."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .percentiles import percentiles

__all__ = ["OrientedBox", "upright_box"]

TRIM = (1.0, 99.0)
"""percentiles: single points beyond do not make a box larger"""
UP = np.array([0.0, 0.0, 1.0])
MOST_POINTS = 4000
"""that a box is fitted to; of more, every second is taken, or every third, ..."""
THINNEST = 1e-3
"""metres of a side, at least: a flat thing has a box, too"""


@dataclass(frozen=True)
class OrientedBox:
    """A box in space.

    Attributes:
        centre: (3,) metres.
        size: (3,) along its own x, y and z, metres; x is not shorter than y.
        axes: (3, 3), columns: the directions of its x, y and z, right-handed. z is up as it was
            told. Turned by 180 degrees about z it is the same box: x is the one that points more
            to the right in the camera's frame.
    """

    centre: NDArray[np.float64]
    size: NDArray[np.float64]
    axes: NDArray[np.float64]

    @property
    def volume(self) -> float:
        """Cubic metres."""
        return float(self.size.prod())

    def down_to(self, height: float) -> OrientedBox:
        """The same box, made higher so that it begins at `height` along its z, metres."""
        up = self.axes[:, 2]
        more = float(self.centre @ up - self.size[2] / 2) - height
        if more <= 0:
            return self
        return replace(self, centre=self.centre - up * more / 2, size=self.size + more * UP)

    @property
    def corners(self) -> NDArray[np.float64]:
        """(8, 3) metres; the first four lie below, in the order of a loop, the others above."""
        loop = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        signs = np.array([(*corner, side) for side in (-1, 1) for corner in loop])
        corners: NDArray[np.float64] = self.centre + (signs * self.size / 2) @ self.axes.T
        return corners

    @property
    def quaternion(self) -> tuple[float, float, float, float]:
        """x, y, z, w of its orientation, w at least 0."""
        matrix = self.axes
        # Shepperd's method: the component of largest magnitude is found without cancellation.
        squares = np.array([*(1 - np.trace(matrix) + 2 * np.diag(matrix)), 1 + np.trace(matrix)])
        largest = int(squares.argmax())
        turn = np.array([matrix[j, i] - matrix[i, j] for i, j in ((1, 2), (2, 0), (0, 1))])
        if largest == 3:
            values = np.array([*turn, squares[3]])
        else:
            values = np.array([*(matrix[largest] + matrix[:, largest]), turn[largest]])
            values[largest] = squares[largest]
        values /= np.linalg.norm(values) * (-1 if values[3] < 0 else 1)
        x, y, z, w = values.tolist()
        return x, y, z, w


def upright_box(
    points: NDArray[np.floating],
    up: NDArray[np.floating],
    trim: tuple[float, float] = TRIM,
) -> OrientedBox:
    """The box of least area as seen from above.

    Args:
        points: (N, 3) metres, N at least 1.
        up: (3,) unit length, the box's z.
        trim: percentiles between which the points of one side lie; those beyond do not count.
    """
    points = points[:: 1 + len(points) // MOST_POINTS]
    along, across = _horizontal(up)
    flat = (points @ np.stack([along, across], axis=1)).astype(np.float32)
    angle = np.radians(cv2.minAreaRect(flat)[2]) if len(flat) > 2 else 0.0
    first = np.cos(angle) * along + np.sin(angle) * across
    axes = np.stack([first, _cross(up, first), up], axis=1)
    local = points @ axes
    low, high = percentiles(local, trim)
    size = np.maximum(high - low, THINNEST)
    centre = axes @ ((low + high) / 2)
    if size[1] > size[0]:
        axes = np.stack([axes[:, 1], -axes[:, 0], axes[:, 2]], axis=1)
        size = size[[1, 0, 2]]
    right = axes[:, 0]
    if right[0] < 0 or (right[0] == 0 and right[1] < 0):
        axes = axes * [-1, -1, 1]
    return OrientedBox(centre, size, axes)


def _horizontal(up: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two directions at right angles to `up` and each other."""
    other = np.zeros(3)
    other[int(np.abs(up).argmin())] = 1
    along = _cross(other, up)
    along /= np.sqrt(along @ along)
    return along, _cross(up, along)


def _cross(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """The product of two directions, (3,); numpy's own is for arrays of any shape, and slow."""
    (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])
