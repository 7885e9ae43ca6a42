# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch

from llmseg_core import Segmentation, draw_overlay
from llmseg_core.types import Candidates, Selection


def answer(mask: np.ndarray, instruction: str = "the cup") -> Segmentation:
    found = bool(mask.any())
    return Segmentation(
        instruction=instruction,
        mask=mask,
        selection=Selection((0,) if found else (), 0.8),
        candidates=Candidates(
            torch.from_numpy(mask)[None],
            torch.zeros(1, 4),
            torch.ones(1, dtype=torch.int64),
            torch.zeros(1),
            torch.full((1,), 0.8),
        ),
    )


def test_mask_is_tinted_and_the_rest_stays() -> None:
    image = np.full((120, 160, 3), 100, dtype=np.uint8)
    mask = np.zeros((120, 160), dtype=bool)
    mask[50:90, 40:100] = True
    before = image.copy()
    picture = draw_overlay(image, answer(mask))
    assert picture.shape == image.shape
    assert picture.dtype == np.uint8
    assert (image == before).all()
    assert picture[70, 70, 1] > picture[70, 70, 0]  # greenish
    assert (picture[100:, :] == 100).all()
    assert (picture[70, 40] != picture[70, 70]).any()  # an outline


def test_nothing_found_leaves_all_but_the_caption() -> None:
    image = np.full((120, 160, 3), 100, dtype=np.uint8)
    picture = draw_overlay(image, answer(np.zeros((120, 160), dtype=bool)))
    assert (picture[40:] == 100).all()
    assert (picture[:20] != 100).any()


@pytest.mark.parametrize("size", [(1, 1), (8, 200), (200, 8), (1080, 1920)])
def test_any_size_and_any_text(size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), dtype=np.uint8)
    mask = np.ones(size, dtype=bool)
    assert draw_overlay(image, answer(mask, "eine größere Tasse " * 9)).shape == image.shape


@pytest.mark.parametrize(
    "instruction", ["the cup\n" * 5, "где кружка\n\n кружка", "كوب\r\n\tكوب", "杯\n子"]
)
def test_a_caption_never_leaves_its_bar(instruction: str) -> None:
    image = np.full((120, 160, 3), 100, dtype=np.uint8)
    empty = np.zeros((120, 160), dtype=bool)
    below = np.flatnonzero((draw_overlay(image, answer(empty, "x"))[:, :, 0] == 100).all(axis=1))
    picture = draw_overlay(image, answer(empty, instruction))
    assert (picture[below[0] :] == 100).all()
    assert (picture[: below[0], :60] > 150).any()  # something is written


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"\(4, 5\).*\(6, 5\)"):
        draw_overlay(np.zeros((6, 5, 3), np.uint8), answer(np.ones((4, 5), dtype=bool)))
