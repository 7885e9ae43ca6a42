# SPDX-License-Identifier: Apache-2.0
"""The plane that a thing lies on or stands on, from the depth around it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .pinhole import Pinhole
from .visible_part import depth_step, is_measured

__all__ = ["Plane", "plane_around"]

GAP = 3
"""pixels between the mask and what is taken for its surroundings"""
RING_SHARE = 0.35
"""width of the surroundings as a share of the mask's longer side"""
NARROWEST, WIDEST = 10, 120
"""pixels that they are wide"""
MOST_POINTS = 600
TRIALS = 64
"""planes through three points that are tried"""
FEWEST = 60
"""points of the surroundings that are needed"""
STEP_PART = 0.3
"""of `depth_step`: how far at most points of a plane lie from it"""
AGREE = 0.35
"""share of the surroundings that lies on the plane"""
DEVIATIONS = 4.5
"""median distances from the plane (3 standard deviations) within which points are its own"""
SMOOTHEST = 1e-3
"""metres"""
BEYOND = 0.3
"""how much nearer or farther than the object they may be, as a share of its depth"""


@dataclass(frozen=True)
class Plane:
    """All points p with normal · p + offset = 0.

    Attributes:
        normal: (3,) unit length, to the side on which the camera is.
        offset: the camera's height above it, metres.
        tolerance: how far points of it lie from it, metres.
    """

    normal: NDArray[np.float64]
    offset: float
    tolerance: float

    def heights(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N,) metres of points (N, 3) above it."""
        heights: NDArray[np.float64] = points @ self.normal + self.offset
        return heights


def plane_around(
    depth: NDArray[np.float32], mask: NDArray[np.bool_], part: NDArray[np.bool_], camera: Pinhole
) -> Plane | None:
    """The plane that most of the surroundings of a mask lie on, by RANSAC.

    Args:
        depth: (H, W) metres.
        mask: (H, W) bool: what is not surroundings.
        part: (H, W) bool: the pixels that show the object, at least one.
        camera: of the image.

    Returns:
        None if the surroundings were not measured, or no plane holds `AGREE` of them. The same
        input gives the same plane.
    """
    rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
    side = max(int(rows[-1] - rows[0]), int(columns[-1] - columns[0])) + 1
    width = int(np.clip(RING_SHARE * side, NARROWEST, WIDEST))
    near = _grown(mask, GAP)
    reach = GAP + width
    window = np.zeros(mask.shape, bool)
    window[
        max(0, rows[0] - reach) : rows[-1] + reach + 1,
        max(0, columns[0] - reach) : columns[-1] + reach + 1,
    ] = True
    middle = float(np.median(depth[part]))
    ring = window & ~near & is_measured(depth)
    ring &= np.abs(depth - middle) < BEYOND * middle + np.ptp(depth[part])
    around = np.flatnonzero(ring)
    if len(around) < FEWEST:
        return None
    rng = np.random.default_rng(0)
    if len(around) > MOST_POINTS:
        around = around[rng.integers(0, len(around), MOST_POINTS)]
    y, x = np.divmod(around, mask.shape[1])
    points = camera.points(x, y, depth[y, x]).astype(np.float64)
    tolerance = STEP_PART * depth_step(middle)
    fit = _ransac(points, tolerance, rng)
    if fit is None:
        return None
    normal, offset = fit
    distances = np.abs(points @ normal + offset)
    spread = DEVIATIONS * float(np.median(distances[distances < tolerance]))
    return Plane(normal, offset, float(np.clip(spread, SMOOTHEST, tolerance)))


def _ransac(
    points: NDArray[np.float64], tolerance: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], float] | None:
    corners = points[rng.integers(0, len(points), size=(TRIALS, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    flat = lengths > 1e-9
    if not flat.any():
        return None
    normals = normals[flat] / lengths[flat, None]
    offsets = -np.einsum("ni,ni->n", normals, corners[flat, 0])
    agree = np.abs(points @ normals.T + offsets) < tolerance
    best = int(agree.sum(axis=0).argmax())
    inliers = agree[:, best]
    for _ in range(2):
        if inliers.mean() < AGREE:
            return None
        some = points[inliers]
        middle = some.mean(axis=0)
        around = some - middle
        normal = np.linalg.eigh(around.T @ around)[1][:, 0]
        offset = -float(normal @ middle)
        inliers = np.abs(points @ normal + offset) < tolerance
    if offset < 0:
        normal, offset = -normal, -offset
    return normal, offset


def _grown(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    kernel = np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)
    return cv2.dilate(mask.view(np.uint8), kernel).view(bool)
