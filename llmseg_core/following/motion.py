# SPDX-License-Identifier: Apache-2.0
"""How an object moves from one image to the next, by points on it (Lucas and Kanade, 1981).

Corners within the mask are tracked forward and back again (Kalal et al., 2010, Forward-Backward
Error), and a similarity (shift, turn, scale) is fitted to those that came back, by RANSAC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Motion", "object_motion"]

MOST_POINTS = 80
QUALITY = 0.01
"""of a corner, as a share of the best one's"""
POINT_DISTANCE = 3
"""pixels of the thumbnail between two corners"""
WINDOW = 15
"""pixels a side of the patch that is compared"""
LEVELS = 2
"""halvings of the thumbnail"""
RETURN_ERROR = 1.0
"""pixels of the thumbnail that a point may miss its beginning by when it is tracked back"""
FIT_ERROR = 1.5
"""pixels of the thumbnail that a point may be away from where the similarity puts it"""
FEWEST = 4
"""points that a similarity needs to be believed"""


@dataclass(frozen=True)
class Motion:
    """A similarity between two thumbnails.

    Attributes:
        matrix: (3, 3), takes a point (x, y, 1) of the first to the second.
        inlier_share: how many of the tracked points it fits, [0, 1].
    """

    matrix: NDArray[np.float64]
    inlier_share: float


def object_motion(
    before: NDArray[np.uint8], after: NDArray[np.uint8], mask: NDArray[np.uint8]
) -> Motion | None:
    """How what is under a mask has moved.

    Args:
        before: (h, w) uint8, the first thumbnail.
        after: (h, w) uint8, the second.
        mask: (h, w) uint8, not 0 on the object in the first.

    Returns:
        None if fewer than `FEWEST` points agree.
    """
    points = cv2.goodFeaturesToTrack(before, MOST_POINTS, QUALITY, POINT_DISTANCE, mask=mask)
    if points is None or len(points) < FEWEST:
        return None
    moved, there = _tracked(before, after, points)
    returned, back = _tracked(after, before, moved)
    error = np.linalg.norm((points - returned)[:, 0], axis=1)
    good = there & back & (error < RETURN_ERROR)
    if good.sum() < FEWEST:
        return None
    # Its own generator of random numbers begins anew in every call: the same points, the same fit.
    matrix, fits = cv2.estimateAffinePartial2D(
        points[good], moved[good], method=cv2.RANSAC, ransacReprojThreshold=FIT_ERROR
    )
    if matrix is None or fits.sum() < FEWEST:
        return None
    share = float(fits.sum() / good.sum())
    return Motion(np.vstack([matrix, [0, 0, 1]]), share)


def _tracked(
    before: NDArray[np.uint8], after: NDArray[np.uint8], points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Where points (P, 1, 2) of the first image are in the second, and which were found (P,)."""
    moved: Any
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        points,
        np.zeros_like(points),
        winSize=(WINDOW, WINDOW),
        maxLevel=LEVELS,
    )
    return moved, found[:, 0] == 1
