# SPDX-License-Identifier: Apache-2.0
"""Which pixels under a mask show the object, and not what is behind it or between the two.

A depth camera gives pixels on an outline a depth somewhere between the object's and the
background's ("flying pixels"), and a mask is a little too large or fills holes through which the
background is seen. Both lie behind an edge: a pixel beside it is much nearer.
"""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from .percentiles import percentiles

__all__ = ["depth_in_metres", "depth_step", "is_measured", "visible_part"]

STEP_SHARE = 0.010
STEP_SQUARED = 0.008
"""of depth and of its square, per metre: the errors of stereo cameras grow with the square"""
SEEDS = 6
"""connected parts, largest first, about which the object may be"""
NEARER_SHARE = 1 / 3
"""of the pixels of the largest: with as many, what is nearer is the object, for what is wrong under
a mask is mostly behind it"""
SPREAD = (2.0, 98.0)
"""percentiles of depth between which a part is said to lie"""
LEAST_PART = 4
"""pixels of a connected part; fewer are speckles"""


Depth = TypeVar("Depth", float, np.float32, NDArray[np.float32])


def depth_step(depth: Depth) -> Depth:
    """How much neighbouring pixels of one surface may differ, metres: 9 mm at 0.6 m, 5 cm at 2 m.

    That is a surface which turns 80 degrees away at 0.6 m before a lens of 60 degrees, 640 pixels
    wide.
    """
    return depth * (STEP_SHARE + STEP_SQUARED * depth)


def depth_in_metres(
    depth: NDArray[np.float32] | NDArray[np.uint16], unit_m: float
) -> NDArray[np.float32]:
    """Metres, contiguous, in this machine's byte order.

    Args:
        depth: whole numbers, or metres, which stay.
        unit_m: metres of one in whole numbers.
    """
    if depth.dtype.kind == "u":
        return np.multiply(depth, np.float32(unit_m), dtype=np.float32)
    return np.ascontiguousarray(depth, dtype=np.float32)


def is_measured(depth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a depth image has a value: neither NaN nor infinite, and above 0."""
    measured: NDArray[np.bool_] = np.isfinite(depth) & (depth > 0)
    return measured


def visible_part(depth: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels under a mask that show the nearest thing which many of them show.

    Pixels behind an edge are left out, and those before it stay, so that what is one pixel wide is
    kept. What remains falls into connected parts; those at the depth of one of the largest belong
    together, so that what a pole before it divides is kept, too.

    Args:
        depth: (H, W) metres; what is NaN, infinite or not above 0 was not measured.
        mask: (H, W) bool.

    Returns:
        (H, W) bool, within the mask; empty where nothing under it was measured.
    """
    measured = is_measured(depth)
    far = np.where(measured, depth, np.float32(np.inf)).astype(np.float32, copy=False)
    nearest = cv2.erode(far, np.ones((3, 3), np.uint8))
    inside = measured & mask
    pixels = np.flatnonzero(inside)
    values = depth.reshape(-1)[pixels]
    before = values - nearest.reshape(-1)[pixels] <= depth_step(values)
    if not before.any():
        return inside
    kept = np.zeros(mask.shape, bool)
    kept.reshape(-1)[pixels[before]] = True
    count, labels = cv2.connectedComponents(kept.view(np.uint8), connectivity=8)
    areas = np.bincount(labels[kept], minlength=count)
    order = [int(label) for label in np.argsort(-areas, kind="stable") if areas[label]]
    if len(order) == 1:
        return kept
    parts = [label for label in order if areas[label] >= LEAST_PART] or order
    depths = _by_label(labels[kept], depth[kept], areas)
    medians = np.full(count, np.nan, np.float32)
    for label in parts:
        middle = areas[label] // 2
        medians[label] = np.partition(depths[label], middle)[middle]
    groups = []
    for seed in parts[:SEEDS]:
        low, high = percentiles(depths[seed], SPREAD).tolist()
        fits = (medians >= low - depth_step(low)) & (medians <= high + depth_step(high))
        groups.append((int(areas[fits].sum()), float(medians[seed]), fits))
    enough = NEARER_SHARE * max(area for area, _, _ in groups)
    _, _, best = min((one for one in groups if one[0] >= enough), key=lambda one: one[1])
    part: NDArray[np.bool_] = kept & best[labels]
    return part


def _by_label(
    labels: NDArray[np.int32], depth: NDArray[np.float32], areas: NDArray[np.intp]
) -> list[NDArray[np.float32]]:
    """The depths of each label, of which there are `areas`."""
    small = labels.astype(np.min_scalar_type(len(areas)))  # sorted in one pass, if 16 bits hold it
    ordered = depth[np.argsort(small, kind="stable")]
    return np.split(ordered, np.cumsum(areas)[:-1])
