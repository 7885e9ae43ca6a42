# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.data_files import box_mask
from helpers.generate_place import image_of
from helpers.tiny_model import tiny_sam
from llmseg_core.prompted.masks import DrawnMasks, PromptedImage
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.prompted.target import Target
from llmseg_training.generate.masks.box_masks import Masker, SamNeededError, drawn_masks
from llmseg_training.generate.masks.mask_checks import (
    MaskRules,
    MaskToCheck,
    box_iou,
    checked_regions,
    mask_fault,
)
from llmseg_training.generate.measure.mask_measures import drawn_counts

MASK = box_mask(10, 10, 30, 40)
BOX = (10.0, 10.0, 40.0, 30.0)
RULES = MaskRules()


def two_pieces() -> np.ndarray:
    mask = MASK.copy()
    mask[:, 20:30] = False
    mask[:, 30:33] = False
    return mask


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (MaskToCheck(MASK, BOX), ""),
        (MaskToCheck(MASK, BOX, 0.9, MASK), ""),
        (MaskToCheck(np.zeros_like(MASK), BOX), "empty_mask"),
        (MaskToCheck(MASK, BOX, 0.47), "uncertain"),
        (MaskToCheck(MASK, BOX, 0.49), ""),
        (MaskToCheck(MASK, BOX, float("nan")), "uncertain"),
        (MaskToCheck(MASK, BOX, 0.9, box_mask(10, 10, 30, 25)), "uncertain"),  # IoU 15 / 30
        (MaskToCheck(MASK, BOX, 0.9, box_mask(10, 10, 30, 27)), ""),  # IoU 17 / 30
        (MaskToCheck(MASK, (10, 10, 50, 30), 0.6), "uncertain"),  # IoU of the boxes 30 / 40
        (MaskToCheck(MASK, (10, 10, 50, 30), 0.7), ""),
        (MaskToCheck(MASK, (10, 10, 30, 30)), "outside_box"),
        (MaskToCheck(MASK, (10, 10, 60, 40)), "other_box"),
        (MaskToCheck(np.eye(48, 64, dtype=bool), (0, 0, 48, 48)), "hardly_filled"),
        (MaskToCheck(MASK & (np.arange(64) % 6 < 3), (12, 10, 39, 30), 0.9), "other_box"),
        (MaskToCheck(MASK | box_mask(0, 63, 1, 64), BOX, 0.9), ""),  # a speck far away
        (MaskToCheck(two_pieces(), (10, 10, 22, 30), 0.9), "outside_box"),
    ],
)
def test_what_is_wrong_with_a_mask(given: MaskToCheck, fault: str) -> None:
    assert mask_fault(given, RULES) == fault


def test_masks_that_people_drew_may_have_pieces() -> None:
    """A thing behind a pole has two."""
    assert mask_fault(MaskToCheck(two_pieces(), BOX), RULES) == ""


def test_one_mask_of_two_things(tmp_path: Path) -> None:
    image = image_of(
        tmp_path,
        ("mug", (0, 0, 20, 20)),
        ("cup", (0, 0, 20, 21)),
        ("book", (30, 30, 40, 60)),
        ("book", (30, 30, 40, 59)),
    )
    kept, reasons = checked_regions(image.regions, RULES)
    assert [each.box_px for each in kept] == [(30, 30, 60, 40)]
    assert sorted(reasons) == ["same_mask", "same_mask", "twice"] or len(reasons) == 3


def test_box_iou() -> None:
    assert box_iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert box_iou((0, 0, 1, 1), (2, 2, 3, 3)) == 0


class Filled:
    """Draws the box itself; of a larger box with a point in it something else for `unsure` ones."""

    device = torch.device("cpu")

    def __init__(self, unsure: int) -> None:
        self.unsure = unsure
        self.asked: list[list[Target]] = []

    def encode(self, image: np.ndarray) -> PromptedImage:
        return PromptedImage(None, image.shape[:2], (1.0, 1.0))

    def draw(self, image: PromptedImage, targets: list[Target]) -> DrawnMasks:
        self.asked.append(list(targets))
        masks = torch.zeros((len(targets), *image.image_size), dtype=torch.bool)
        for place, target in enumerate(targets):
            assert target.box_px is not None
            left, top, right, bottom = (round(each) for each in target.box_px)
            shift = 18 if target.points_px and place == self.unsure else 0
            grown = 1 if target.points_px else 0
            masks[place, top + grown : bottom - grown, left + grown + shift : right - grown] = True
        return DrawnMasks(masks, torch.full((len(targets),), 0.95))


def test_boxes_are_drawn_twice(tmp_path: Path) -> None:
    """The second prompt is a larger box and the point deepest in the first mask."""
    image = image_of(tmp_path, ("mug", (10, 10, 30, 40)), ("book", (4, 45, 40, 60)))
    boxes = tuple(replace(each, mask=None) for each in image.regions)
    prompted = Filled(unsure=1)
    masked, faults = Masker(prompted, None, RULES)(image.with_regions(boxes))
    assert faults == ["uncertain"]
    (mug,) = masked.regions
    assert mug.mask is not None
    assert np.array_equal(mug.mask, MASK)
    first, second = prompted.asked
    assert [each.points_px for each in first] == [(), ()]
    assert second[0].box_px == pytest.approx((8.2, 8.8, 41.8, 31.2))
    ((across, down),) = second[0].points_px
    assert (19 <= across <= 31, 19 <= down <= 21) == (True, True)


def test_masks_that_a_sam_draws_are_measured(tmp_path: Path) -> None:
    """Of what fills its box all is right, and beside another thing's box all is noticed."""
    image = image_of(tmp_path, ("mug", (10, 10, 30, 40)), ("book", (4, 45, 40, 60)))
    found = drawn_counts([image], Filled(unsure=9), 0)
    assert found == {
        "drawn, wrong object": ((2, 2, 0, 2), True),
        "drawn, badly": ((0, 0, 0, 2), True),
    }
    found = drawn_counts([image], Filled(unsure=0), 0)
    assert found["drawn, wrong object"][0] == (2, 2, 1, 2)  # the mug was refused as well


def test_a_real_sam_draws(tmp_path: Path) -> None:
    image = image_of(tmp_path, ("mug", (10, 10, 30, 40)), ("book", (4, 45, 40, 60)))
    drawn = drawn_masks(SamMasks(tiny_sam()), image.image(), image.regions)
    assert [each.mask.shape for each in drawn] == [image.size] * 2
    assert all(each.second is not None and each.quality is not None for each in drawn)


def test_masks_need_a_sam(tmp_path: Path) -> None:
    image = image_of(tmp_path, ("mug", (10, 10, 30, 40)))
    masker = Masker(None, None, RULES)
    assert masker(image)[0].regions == image.regions
    boxes = image.with_regions((replace(image.regions[0], mask=None),))
    with pytest.raises(SamNeededError, match="boxes without masks: name a model directory"):
        masker(boxes)
    with pytest.raises(SamNeededError, match="images without regions"):
        masker(image.with_regions(()))
