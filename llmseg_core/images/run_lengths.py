# SPDX-License-Identifier: Apache-2.0
"""Masks as COCO's run lengths (RLE), compressed text or a list of numbers.

The runs go down the columns, from the left one to the right one, and are of pixels outside and
inside by turns, outside first. What is read may come from anywhere: all of it is checked before
any memory is taken for the mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["check_mask_size", "decode_counts", "decode_runs", "encode_counts", "encode_mask"]

MAX_PIXELS = 2**28
"""of a mask; Pillow refuses to open images of fewer"""
GROUPS = 7
"""most characters of a number: 35 bits, of which COCO's numbers have 32 and a sign"""
FIRST = 48
"""code of the character "0", which stands for no bit"""


def encode_mask(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Compress a mask.

    Args:
        mask: (H, W) bool.

    Returns:
        {"size": [H, W], "counts": "..."}, plain values for JSON.

    Raises:
        ValueError: if it is no such mask.
    """
    counts = encode_counts(mask)
    return {"size": [int(side) for side in mask.shape], "counts": counts}


def decode_runs(code: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask from run lengths that say their size.

    Args:
        code: {"size": [H, W], "counts": ...}, with counts as `decode_counts` takes them.
        size: (H, W) that the mask must have.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: quoting what is wrong.
    """
    if not isinstance(code, Mapping):
        raise ValueError(f"the RLE is {_short(code)}, it must have size and counts")
    if not {"size", "counts"} <= set(code):
        raise ValueError(f"the RLE has the keys {_short(list(code))}, it must have size and counts")
    if not _is_size(code["size"]) or tuple(code["size"]) != tuple(size):
        raise ValueError(f"the mask is {_short(code['size'])}, the image is {list(size)} (H, W)")
    return decode_counts(code["counts"], size)


def encode_counts(mask: NDArray[np.bool_]) -> str:
    """COCO's compressed text of a mask, (H, W) bool, without its size.

    Raises:
        ValueError: if it is no such mask.
    """
    if mask.dtype != np.bool_ or not _is_size(mask.shape):
        raise ValueError(
            f"the mask is {mask.dtype} of shape {mask.shape}, it must be bool of shape (H, W) "
            f"with 1 to {MAX_PIXELS} pixels"
        )
    # NumPy takes ten times as long to turn columns into rows.
    columns = cv2.transpose(np.ascontiguousarray(mask).view(np.uint8)).ravel()
    changes = np.flatnonzero(columns[1:] != columns[:-1]) + 1
    starts = np.concatenate(([0, 0] if columns[0] else [0], changes))
    return _compressed(np.diff(starts, append=columns.size))


def decode_counts(counts: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask from its run lengths.

    Args:
        counts: COCO's compressed text or bytes, or a list of whole numbers.
        size: (H, W) of the mask.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: quoting what is wrong; also for a mask of more than `MAX_PIXELS`.
    """
    check_mask_size(size)
    height, width = size
    pixels = int(height) * int(width)
    runs = _expanded(counts, pixels) if isinstance(counts, str | bytes) else _listed(counts)
    least, most = (int(runs.min()), int(runs.max())) if len(runs) else (0, 0)
    if least < 0 or most > pixels:
        raise ValueError(
            f"the RLE {_short(counts)} has a run of {least if least < 0 else most} pixels, each "
            f"must have 0 to {pixels}"
        )
    if runs.sum() != pixels:
        raise ValueError(
            f"the RLE {_short(counts)} covers {int(runs.sum())} pixels, it must cover {pixels}"
        )
    columns = np.repeat(np.arange(len(runs)) % 2 == 1, runs.astype(np.int64))
    rows = cv2.transpose(columns.view(np.uint8).reshape(width, height))
    return np.asarray(rows).view(np.bool_)


def check_mask_size(size: Any) -> None:
    """Refuse sizes of which no mask is made.

    Raises:
        ValueError: unless it is (H, W) in whole numbers, of 1 to `MAX_PIXELS` pixels.
    """
    if not _is_size(size):
        raise ValueError(
            f"the mask's size is {_short(size)}, it must be two whole numbers, (H, W), with 1 to "
            f"{MAX_PIXELS} pixels"
        )


def _is_size(size: Any) -> bool:
    """Whether it is the (H, W) of a mask that may be made."""
    if not isinstance(size, list | tuple) or len(size) != 2:
        return False
    if not all(isinstance(side, int | np.integer) and type(side) is not bool for side in size):
        return False
    return min(size) >= 1 and int(size[0]) * int(size[1]) <= MAX_PIXELS


def _listed(counts: Any) -> NDArray[np.integer]:
    """(N,) whole numbers of a list."""
    try:
        runs = np.asarray(counts)
    except ValueError:  # lists of different lengths
        runs = np.empty((0, 0))
    if runs.ndim != 1 or (len(runs) and runs.dtype.kind not in "iu"):
        raise ValueError(
            f"the RLE's counts are {_short(counts)}, they must be text or a list of whole numbers"
        )
    return runs


def _expanded(counts: str | bytes, pixels: int) -> NDArray[np.int64]:
    """(N,) numbers of COCO's compressed text.

    Every character holds 5 bits of a number, least first, and says in bit 5 whether more follow;
    the last one's bit 4 is the sign. From the fourth number on they are differences to the one
    two places before.
    """
    try:
        text = counts.encode("ascii") if isinstance(counts, str) else counts
    except UnicodeEncodeError as error:
        raise ValueError(f"the RLE {_short(counts)} is no ASCII text") from error
    if len(text) > GROUPS * (pixels + 1):  # a number for each pixel, and one more
        raise ValueError(
            f"the RLE {_short(counts)} has {len(text)} characters, too many for {pixels} pixels"
        )
    codes = np.frombuffer(text, np.uint8) - np.uint8(FIRST)
    last = (codes & 32) == 0
    if not len(codes) or codes.max() > 63 or not last[-1]:
        raise ValueError(f"the RLE {_short(counts)} is no compressed COCO RLE")
    first = np.concatenate(([True], last[:-1]))
    starts, later = np.flatnonzero(first), np.flatnonzero(~first)
    numbers = (codes[first] & 31).astype(np.int64)
    owner = np.searchsorted(starts, later, "right") - 1
    place = later - starts[owner]
    if place.max(initial=0) >= GROUPS:
        raise ValueError(f"the RLE {_short(counts)} holds a number beyond 32 bits")
    np.add.at(numbers, owner, (codes[later] & 31).astype(np.int64) << 5 * place)
    negative = np.flatnonzero(codes[last] & 16)
    lengths = np.diff(starts, append=len(codes))[negative]
    numbers[negative] -= np.int64(1) << 5 * lengths
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def _compressed(runs: NDArray[np.int64]) -> str:
    """The text that `_expanded` reads, each number as short as it can be."""
    numbers = runs.astype(np.int32)
    numbers[3:] -= numbers[1:-2].copy()
    size = numbers ^ (numbers >> 31)  # of a negative number what its bits say that are not set
    text = (numbers & 31).astype(np.uint8)
    index = np.flatnonzero(size >= 16)  # bit 4 is the sign
    text[index] += 32
    size, numbers = size[index], numbers[index]
    places, codes = [], []
    while len(index):  # numbers that go on
        size, numbers = size >> 5, numbers >> 5
        more = size >= 16
        places.append(index + 1)
        codes.append((numbers & 31 | 32 * more).astype(np.uint8))
        size, numbers, index = size[more], numbers[more], index[more]
    if places:
        text = np.insert(text, np.concatenate(places), np.concatenate(codes))
    return (text + np.uint8(FIRST)).tobytes().decode("ascii")


def _short(value: Any) -> str:
    """A value for a message, cut where it is long."""
    head = value[:80] if isinstance(value, str | bytes | list | tuple) else value
    text = repr(head)
    return text if len(text) <= 60 and head == value else f"{text[:57]}..."
