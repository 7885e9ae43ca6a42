# SPDX-License-Identifier: Apache-2.0
"""The plane that a thing lies on or stands on, from the depth around it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .pinhole import Pinhole
from .visible_part import depth_step

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
DRAWS = np.random.default_rng(0).random(max(MOST_POINTS, 3 * TRIALS))
"""which points are looked at: the same ones for the same surroundings"""
NEXT, LAST = [1, 2, 0], [2, 0, 1]
"""of x, y and z"""


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
    left, top, across, down = cv2.boundingRect(part.view(np.uint8))
    width = int(np.clip(RING_SHARE * max(across, down), NARROWEST, WIDEST))
    reach = GAP + width
    bottom, right = top + down + reach, left + across + reach
    top, left = max(0, top - reach), max(0, left - reach)
    window = np.s_[top:bottom, left:right]
    values = depth[part]
    middle = float(np.partition(values, len(values) // 2)[len(values) // 2])
    beyond = BEYOND * middle + float(values.max() - values.min())
    seen = depth[window]
    ring = (seen > max(0.0, middle - beyond)) & (seen < middle + beyond)
    ring &= ~_grown(mask, GAP)[window]
    around = np.flatnonzero(ring)
    if len(around) < FEWEST:
        return None
    if len(around) > MOST_POINTS:
        around = around[_spread(DRAWS[:MOST_POINTS], len(around))]
    y, x = np.divmod(around, ring.shape[1])
    points = camera.points(left + x, top + y, seen[y, x])
    tolerance = STEP_PART * depth_step(middle)
    fit = _ransac(points, tolerance)
    if fit is None:
        return None
    normal, offset = fit
    distances = np.abs(points @ normal + offset)
    spread = DEVIATIONS * float(np.median(distances[distances < tolerance]))
    return Plane(normal, offset, float(np.clip(spread, SMOOTHEST, tolerance)))


def _ransac(
    points: NDArray[np.float32], tolerance: float
) -> tuple[NDArray[np.float64], float] | None:
    first, second, third = points[_spread(DRAWS[: 3 * TRIALS], len(points))].reshape(3, TRIALS, 3)
    a, b = second - first, third - first
    normals = a[:, NEXT] * b[:, LAST] - a[:, LAST] * b[:, NEXT]  # the cross product
    lengths = np.sqrt((normals * normals).sum(axis=1))
    flat = lengths > 1e-9
    if not flat.any():
        return None
    normals = normals[flat] / lengths[flat, None]
    offsets = (normals * first[flat]).sum(axis=1)
    agree = np.abs(normals @ points.T - offsets[:, None]) < tolerance
    inliers = agree[int(agree.sum(axis=1).argmax())]
    exact = points.astype(np.float64)
    for _ in range(2):
        if inliers.mean() < AGREE:
            return None
        some = exact[inliers]
        middle = some.mean(axis=0)
        around = some - middle
        normal = np.linalg.eigh(around.T @ around)[1][:, 0]
        offset = -float(normal @ middle)
        inliers = np.abs(exact @ normal + offset) < tolerance
    if offset < 0:
        normal, offset = -normal, -offset
    return normal, offset


def _spread(draws: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Indices below `count`, by numbers in [0, 1)."""
    return (draws * count).astype(np.intp)


def _grown(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    kernel = np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)
    return cv2.dilate(mask.view(np.uint8), kernel).view(bool)
