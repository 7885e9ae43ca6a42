# SPDX-License-Identifier: Apache-2.0
"""A pinhole camera without distortion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Camera:
    """Where the camera is, how it looks, and its lens."""

    position: NDArray[np.float64]
    """(3,) in the world, metres."""
    axes: NDArray[np.float64]
    """(3, 3), rows: the camera's right, down and forward directions in the world."""
    focal: float
    """Focal length in pixels."""
    width: int
    height: int

    @classmethod
    def looking_down(
        cls, *, pitch: float, roll: float, distance: float, field: float, width: int, height: int
    ) -> Camera:
        """A camera that looks along +y at the world's origin, which is `distance` metres away.

        `pitch` (down from level), `roll` and `field` (horizontal field of view) in degrees.
        """
        down, lean = np.radians(pitch), np.radians(roll)
        forward = np.array([0.0, np.cos(down), -np.sin(down)])
        right = np.array([1.0, 0.0, 0.0])
        below = np.cross(forward, right)
        axes = np.stack(
            [
                np.cos(lean) * right + np.sin(lean) * below,
                np.cos(lean) * below - np.sin(lean) * right,
                forward,
            ]
        )
        focal = width / 2 / np.tan(np.radians(field) / 2)
        return cls(-distance * forward, axes, float(focal), width, height)

    def rays(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Unit directions (N, 3) in the world through `pixels` (N, 2) of (x, y).

        The centre of the top left pixel is (0, 0).
        """
        offset = pixels - [(self.width - 1) / 2, (self.height - 1) / 2]
        local = np.concatenate([offset / self.focal, np.ones((len(pixels), 1))], axis=1)
        local /= np.linalg.norm(local, axis=1, keepdims=True)
        return local @ self.axes

    def to_camera(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """World points (N, 3) in the camera's frame: x right, y down, z forward, metres."""
        return (points - self.position) @ self.axes.T

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixels (N, 2) of world points (N, 3) that lie in front of the camera."""
        local = self.to_camera(points)
        centre = [(self.width - 1) / 2, (self.height - 1) / 2]
        return self.focal * local[:, :2] / np.maximum(local[:, 2:], 1e-6) + centre
