# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import pytest

from llmseg_core.images.numbered_outlines import draw_numbered_outlines, number_place


def table_and_cup() -> np.ndarray:
    """(2, 120, 200) bool: a table, and a cup in its middle."""
    masks = np.zeros((2, 120, 200), dtype=bool)
    masks[0, 20:110, 10:190] = True
    masks[1, 40:90, 80:120] = True
    return masks


def test_outlines_are_drawn_and_the_rest_stays() -> None:
    image = np.full((120, 200, 3), 128, np.uint8)
    before, masks = image.copy(), table_and_cup()
    picture = draw_numbered_outlines(image, masks)
    assert np.array_equal(image, before)
    changed = (picture != image).any(2)
    for edge in (masks[0], masks[1]):
        rows, columns = np.nonzero(edge)
        assert changed[rows.min(), columns.min() : columns.max()].all()
    assert not changed[:15].any()
    first, second = (picture[row, column] for row, column in ((20, 100), (40, 84)))
    assert not np.array_equal(first, second)
    assert changed.mean() < 0.15


def test_a_number_stands_in_what_is_the_masks_own() -> None:
    masks = table_and_cup()
    image = np.full((120, 200, 3), 128, np.uint8)
    picture = draw_numbered_outlines(image, masks)
    dark = (picture == 16).all(2)
    assert dark[masks[1]].any()
    on_table = dark & ~masks[1]
    assert on_table[masks[0] & ~masks[1]].any()
    assert not dark[~masks[0]].any()


def test_no_number_hides_another() -> None:
    """Of three masks that are nearly the same."""
    image = np.full((120, 200, 3), 128, np.uint8)
    masks = np.zeros((3, 120, 200), dtype=bool)
    for index in range(3):
        masks[index, 20 + index : 110, 10:190] = True
    picture = draw_numbered_outlines(image, masks)
    fields, _ = cv2.connectedComponents((picture == 16).all(2).astype(np.uint8), connectivity=4)
    single = draw_numbered_outlines(image, masks[:1])
    alone, _ = cv2.connectedComponents((single == 16).all(2).astype(np.uint8), connectivity=4)
    dark, one = ((each == 16).all(2).sum() for each in (picture, single))
    assert dark > 2.5 * one
    assert fields >= 3 * (alone - 1) + 1


def test_the_place_is_deep_inside() -> None:
    mask = np.zeros((40, 60), dtype=bool)
    mask[:, :10] = True
    mask[10:31, 20:41] = True
    assert number_place(mask) == (30, 20)
    assert number_place(np.zeros_like(mask)) is None
    assert number_place(np.ones((1, 1), dtype=bool)) == (0, 0)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (900, 1600)])
def test_any_size(size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    masks = np.ones((12, *size), dtype=bool)
    masks[3] = False
    assert draw_numbered_outlines(image, masks).shape == image.shape
    assert np.array_equal(draw_numbered_outlines(image, masks[:0]), image)
    with pytest.raises(ValueError, match=r"the masks have \(5, 5\) .* pixels, the image"):
        draw_numbered_outlines(image, np.ones((1, 5, 5), dtype=bool))
