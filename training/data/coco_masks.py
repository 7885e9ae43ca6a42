# SPDX-License-Identifier: Apache-2.0
"""Masks as COCO's field "segmentation" has them: run lengths, compressed or not, and polygons.

pycocotools draws the polygons, because its fills are the exact ones. It trusts what it is given: a
polygon with NaN takes all memory. So polygons are checked first, and its run lengths, like all
others, are read by `llmseg_core.images.run_lengths`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pycocotools import mask as coco

from llmseg_core.images.run_lengths import check_mask_size, decode_runs

__all__ = ["DegenerateMaskError", "decode_mask"]


class DegenerateMaskError(ValueError):
    """A mask without a shape, as annotating leaves some behind: its question cannot be asked."""


def decode_mask(code: Any, size: tuple[int, int]) -> np.ndarray:
    """Read a mask from COCO's field "segmentation".

    Args:
        code: {"size": [H, W], "counts": ...} with counts as text, bytes or a list of whole numbers;
            or a list of polygons [x0, y0, x1, y1, ...] in pixels; or a list of the former. The mask
            is the union of a list; polygons without an area are left out of it.
        size: (H, W) of the image.

    Returns:
        (H, W) bool.

    Raises:
        DegenerateMaskError: for a list without a polygon that covers a pixel.
        ValueError: for anything else, for a mask that is not of the image's size, and for polygons
            that lie outside the image or are given in shares of it.
    """
    check_mask_size(size)
    if isinstance(code, Mapping):
        return decode_runs(code, size)
    if not isinstance(code, Sequence) or isinstance(code, str | bytes):
        raise ValueError(f"the mask is {_short(code)}, it must be a COCO RLE or a list of polygons")
    if not code:
        raise DegenerateMaskError("the mask is an empty list, it must have at least one polygon")
    if all(isinstance(part, Mapping) for part in code):
        return np.logical_or.reduce([decode_runs(part, size) for part in code])
    return _drawn([_checked_polygon(part, size) for part in code], size)


def _drawn(given: list[list[float]], size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool, the union of polygons."""
    polygons = [polygon for polygon in given if _has_area(polygon)]
    if not polygons:
        raise DegenerateMaskError(f"the polygons {_short(given)} have no area")
    points = np.concatenate([np.reshape(polygon, (-1, 2)) for polygon in polygons])
    low, high = points.min(0), points.max(0)
    if low.min() >= 0 and high.max() <= 1 < max(size):
        raise ValueError(
            f"the polygons {_short(given)} lie within [0, 1], they must be in pixels of the image, "
            f"{list(size)} (H, W), not in shares of it"
        )
    mask = decode_runs(coco.merge(coco.frPyObjects(polygons, *size)), size)
    if mask.any():
        return mask
    if high.min() <= 0 or (low >= np.array(size)[::-1]).any():
        raise ValueError(f"the polygons {_short(given)} lie outside the image, {list(size)} (H, W)")
    raise DegenerateMaskError(f"the polygons {_short(given)} cover no pixel")


def _has_area(polygon: list[float]) -> bool:
    """Whether it has three points that do not lie on a line."""
    points = np.reshape(polygon, (-1, 2))
    return len(points) > 2 and bool(np.linalg.matrix_rank(points - points[0]) == 2)


def _checked_polygon(polygon: Any, size: tuple[int, int]) -> list[float]:
    """The polygon, if it is one: pairs of numbers, none far outside the image."""
    numbers = polygon if isinstance(polygon, Sequence) and not isinstance(polygon, str) else ()
    reach = 2 * max(size)
    finite = all(
        type(value) in (int, float) and math.isfinite(value) and abs(value) <= reach
        for value in numbers
    )
    if not isinstance(numbers, list | tuple) or not numbers or len(numbers) % 2 or not finite:
        raise ValueError(
            f"the polygon {_short(polygon)} must be a list x0, y0, x1, y1, ... of three points or "
            f"more, in pixels of the image, {list(size)} (H, W)"
        )
    return [float(value) for value in numbers]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
