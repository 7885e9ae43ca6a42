# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from helpers.data_files import SIZE, box_mask
from llmseg_core.images.run_lengths import encode_mask
from llmseg_training.data import decode_mask
from llmseg_training.data.coco_masks import DegenerateMaskError

BOX = box_mask(3, 5, 20, 30)
CODE = encode_mask(BOX)


def test_all_spellings_of_one_mask() -> None:
    runs = [0, *np.diff([0, *np.flatnonzero(np.diff(BOX.T.ravel())) + 1, BOX.size])]
    runs = [int(run) for run in runs][1:]
    spellings: list[Any] = [
        CODE,
        {**CODE, "counts": CODE["counts"].encode()},
        {"size": [48, 64], "counts": runs},
        [CODE],
        [[5, 3, 30, 3, 30, 20, 5, 20]],
        [[5, 3, 30, 3, 30, 20, 5, 20], [6, 4, 10, 4, 10, 10]],
    ]
    for spelling in spellings:
        assert np.array_equal(decode_mask(spelling, SIZE), BOX), spelling


def test_a_list_is_the_union() -> None:
    other = box_mask(30, 40, 40, 50)
    assert np.array_equal(decode_mask([CODE, encode_mask(other)], SIZE), BOX | other)


@pytest.mark.parametrize("size", [(2**20, 2**20), (0, 8), (8.0, 8)])
def test_polygons_are_drawn_at_possible_sizes_only(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"mask's size is \(.*, it must be two whole numbers"):
        decode_mask([[0, 0, 9, 0, 9, 9]], size)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            {"size": [64, 48], "counts": CODE["counts"]},
            r"mask is \[64, 48\], the image is \[48, 64",
        ),
        ({"size": [48, 64], "counts": CODE["counts"][:-3]}, "must cover 3072"),
        ({"size": [48, 64], "counts": [10, 20]}, "covers 30 pixels"),
        ([CODE, {"counts": "c7a0"}], "must have size and counts"),
        ("mask.png", "COCO RLE or a list of polygons"),
        (None, "COCO RLE or a list of polygons"),
        ([], "at least one polygon"),
        ([[]], "three points"),
        ([[1, 2, 3, 4]], "have no area"),
        ([[1, 2, 3, 4, 5, 6, 7]], "three points"),
        ([[1, 2, 3, 4, 5, math.nan]], "three points"),
        ([[1, 2, 3, 4, 5, 1e9]], "pixels of the image"),
        ([["1", "2", "3", "4", "5", "6"]], "three points"),
        ([7], "three points"),
    ],
)
def test_bad_masks_are_refused(code: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_mask(code, SIZE)


def test_a_polygon_without_an_area_is_left_out() -> None:
    """As annotating leaves some behind, and pycocotools takes four numbers for a box."""
    box = [5, 3, 30, 3, 30, 20, 5, 20]
    whole = decode_mask([box], (48, 64))
    for rest in ([1, 1, 2, 2], [1, 1, 9, 9, 5, 5], [7, 7, 7, 7, 7, 7], [3, 3]):
        assert np.array_equal(decode_mask([box, rest], (48, 64)), whole)
        with pytest.raises(DegenerateMaskError, match="have no area"):
            decode_mask([rest], (48, 64))
    with pytest.raises(DegenerateMaskError, match="cover no pixel"):
        decode_mask([[7.1, 7.1, 7.2, 7.1, 7.2, 7.3]], (48, 64))
    crossed = [2, 2, 20, 20, 20, 2, 2, 20]  # both halves count, though their signed areas cancel
    assert decode_mask([crossed], (48, 64)).any()


def test_a_polygon_at_the_edge_is_inside() -> None:
    assert decode_mask([[-5, -5, 3, -5, 3, 3, -5, 3]], (48, 64)).sum() == 9
    with pytest.raises(ValueError, match="outside the image"):
        decode_mask([[-5, 2, -1, 2, -1, 9]], (48, 64))
    assert decode_mask([[0, 0, 1, 0, 1, 1, 0, 1]], (1, 1)).all()
