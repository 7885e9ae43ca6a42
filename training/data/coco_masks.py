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

__all__ = ["decode_mask"]


def decode_mask(code: Any, size: tuple[int, int]) -> np.ndarray:
    """Read a mask from COCO's field "segmentation".

    Args:
        code: {"size": [H, W], "counts": ...} with counts as text, bytes or a list of whole numbers;
            or a list of polygons [x0, y0, x1, y1, ...] in pixels; or a list of the former. The mask
            is the union of a list.
        size: (H, W) of the image.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: for anything else, and for a mask that is not of the image's size.
    """
    check_mask_size(size)
    if isinstance(code, Mapping):
        return decode_runs(code, size)
    if not isinstance(code, Sequence) or isinstance(code, str | bytes):
        raise ValueError(f"the mask is {_short(code)}, it must be a COCO RLE or a list of polygons")
    if not code:
        raise ValueError("the mask is an empty list, it must have at least one polygon")
    if all(isinstance(part, Mapping) for part in code):
        return np.logical_or.reduce([decode_runs(part, size) for part in code])
    polygons = [_checked_polygon(part, size) for part in code]
    return decode_runs(coco.merge(coco.frPyObjects(polygons, *size)), size)


def _checked_polygon(polygon: Any, size: tuple[int, int]) -> list[float]:
    """The polygon, if it can be drawn: three points or more, none far outside the image."""
    numbers = polygon if isinstance(polygon, Sequence) and not isinstance(polygon, str) else ()
    reach = 2 * max(size)
    finite = all(
        isinstance(value, int | float) and math.isfinite(value) and abs(value) <= reach
        for value in numbers
    )
    if len(numbers) < 6 or len(numbers) % 2 or not finite:
        raise ValueError(
            f"the polygon {_short(polygon)} must be a list x0, y0, x1, y1, ... of three points or "
            f"more, in pixels of the image, {list(size)} (H, W)"
        )
    return [float(value) for value in numbers]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
