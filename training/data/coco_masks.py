# SPDX-License-Identifier: Apache-2.0
"""Masks as COCO writes them: run lengths, compressed or not, and polygons.

pycocotools does the drawing and the compressing. It trusts what it is given: run lengths that end
too early read foreign memory, a polygon with NaN takes all memory. So everything is checked first,
and run lengths are expanded here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pycocotools import mask as coco

__all__ = ["decode_mask", "encode_mask"]


def encode_mask(mask: np.ndarray) -> dict[str, Any]:
    """Compress a mask.

    Args:
        mask: (H, W) bool.

    Returns:
        {"size": [H, W], "counts": "..."}, plain values for JSON.
    """
    code = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(side) for side in code["size"]], "counts": code["counts"].decode("ascii")}


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
    if isinstance(code, Mapping):
        return _decode_runs(code, size)
    if not isinstance(code, Sequence) or isinstance(code, str | bytes):
        raise ValueError(f"the mask is {_short(code)}, it must be a COCO RLE or a list of polygons")
    if not code:
        raise ValueError("the mask is an empty list, it must have at least one polygon")
    if all(isinstance(part, Mapping) for part in code):
        return np.logical_or.reduce([_decode_runs(part, size) for part in code])
    polygons = [_checked_polygon(part, size) for part in code]
    return _decode_runs(coco.merge(coco.frPyObjects(polygons, *size)), size)


def _decode_runs(code: Mapping[str, Any], size: tuple[int, int]) -> np.ndarray:
    """Expand {"size", "counts"} to (H, W) bool."""
    if not {"size", "counts"} <= set(code):
        raise ValueError(f"the RLE has the keys {sorted(code)}, it must have size and counts")
    if list(code["size"]) != list(size):
        raise ValueError(f"the mask is {_short(code['size'])}, the image is {list(size)} (H, W)")
    runs = _runs(code["counts"])
    if (runs < 0).any() or runs.sum() != size[0] * size[1]:
        raise ValueError(
            f"the RLE covers {int(runs.sum())} pixels, least run {int(runs.min(initial=0))}; "
            f"it must cover {size[0] * size[1]} in runs that are not negative"
        )
    inside = np.arange(len(runs)) % 2 == 1
    return np.ascontiguousarray(np.repeat(inside, runs).reshape(size[1], size[0]).T)


def _runs(counts: Any) -> np.ndarray:
    """(N,) int64, lengths of runs of 0 and 1 in turn."""
    if isinstance(counts, str | bytes):
        return _expand(counts)
    try:
        runs = np.asarray(counts)
    except ValueError:
        runs = np.empty((0, 0))
    if runs.ndim != 1 or runs.dtype.kind not in "iu":
        raise ValueError(
            f"the RLE's counts are {_short(counts)}, they must be text or a list of whole numbers"
        )
    return runs.astype(np.int64)


def _expand(counts: str | bytes) -> np.ndarray:
    """(N,) int64 run lengths of COCO's compressed text.

    Every character holds 5 bits of a number, least first, and says in bit 5 whether more follow;
    the last one's bit 4 is the sign. From the fourth number on they are differences to the one
    two places before.
    """
    try:
        text = counts.encode("ascii") if isinstance(counts, str) else counts
    except UnicodeEncodeError as error:
        raise ValueError(f"the RLE {_short(counts)} is no ASCII text") from error
    codes = np.frombuffer(text, np.uint8).astype(np.int64) - 48
    last = (codes & 32) == 0
    if not len(codes) or codes.min() < 0 or codes.max() > 63 or not last[-1]:
        raise ValueError(f"the RLE {_short(counts)} is no compressed COCO RLE")
    starts = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])
    place = np.arange(len(codes)) - np.repeat(starts, np.diff([*starts, len(codes)]))
    if place.max() > 6:
        raise ValueError(f"the RLE {_short(counts)} holds a number beyond 32 bits")
    numbers = np.add.reduceat((codes & 31) << (5 * place), starts)
    negative = (codes[last] & 16) != 0
    numbers -= negative * (1 << (5 * (place[last] + 1)))
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


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
