# SPDX-License-Identifier: Apache-2.0
"""How well the checks of masks work: masks of the wrong object, and masks that SAM drew badly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from llmseg_core.prompted.masks import PromptedMasks

from ..masks.box_masks import drawn_masks
from ..masks.mask_checks import MaskRules, MaskToCheck, checked_regions, mask_fault
from ..sources.source_image import SourceImage

__all__ = ["drawn_counts", "swapped_counts"]

FINE, BAD = 0.8, 0.5
"""IoU with the true mask from which a drawn mask is right, and below which it is wrong"""
Four = tuple[int, int, int, int]


def swapped_counts(images: Sequence[SourceImage], seed: int) -> dict[str, Four]:
    """True masks with their boxes, and with the mask of another object in their place.

    Returns:
        For "wrong_object" (a mask beside the box of another thing) and "same_mask" (one mask of two
        things): noticed, planted, refused, good.
    """
    rng = np.random.default_rng([seed, 2])
    rules = MaskRules()
    swapped, shared = np.zeros(4, int), np.zeros(4, int)
    for image in images:
        regions = list(image.regions)
        if len(regions) < 2:
            continue
        for place, region in enumerate(regions):
            assert region.mask is not None
            other = regions[(place + int(rng.integers(1, len(regions)))) % len(regions)]
            assert other.mask is not None
            wrong = mask_fault(MaskToCheck(other.mask, region.box_px), rules)
            right = mask_fault(MaskToCheck(region.mask, region.box_px), rules)
            swapped += bool(wrong), 1, bool(right), 1
        kept, _ = checked_regions(regions, rules)
        one, two = (int(each) for each in rng.permutation(len(regions))[:2])
        regions[two] = replace(regions[one], category="something else")
        _, lost = checked_regions(regions, rules)
        shared += "same_mask" in lost, 1, len(kept) < len(regions), 1
    return {"wrong_object": _four(swapped), "same_mask": _four(shared)}


def drawn_counts(
    images: Sequence[SourceImage], prompted: PromptedMasks, seed: int
) -> dict[str, tuple[Four, bool]]:
    """Masks that a SAM draws of the true boxes.

    Returns:
        Noticed, planted, refused, good, and whether the bar holds for it, of "drawn, wrong object"
        (a good mask beside the box of another thing) and of "drawn, badly" (SAM's own errors).
    """
    rng = np.random.default_rng([seed, 3])
    rules = MaskRules()
    swapped, badly = np.zeros(4, int), np.zeros(4, int)
    for image in tqdm(images, desc="masks of boxes", unit="scene"):
        regions = image.regions
        if len(regions) < 2:
            continue
        drawn = drawn_masks(prompted, image.image(), regions)
        for place, (given, region) in enumerate(zip(drawn, regions, strict=True)):
            assert region.mask is not None
            true = _iou(given.mask, region.mask)
            fault = bool(mask_fault(given, rules))
            if true >= FINE:
                swapped += 0, 0, fault, 1
                badly += 0, 0, fault, 1
                other = regions[(place + int(rng.integers(1, len(regions)))) % len(regions)]
                wrong = mask_fault(replace(given, box_px=other.box_px), rules)
                swapped += bool(wrong), 1, 0, 0
            elif true < BAD:
                badly += fault, 1, 0, 0
    return {"drawn, wrong object": (_four(swapped), True), "drawn, badly": (_four(badly), True)}


def _four(counts: np.ndarray) -> Four:
    one, two, three, four = (int(each) for each in counts)
    return one, two, three, four


def _iou(one: np.ndarray, two: np.ndarray) -> float:
    return int((one & two).sum()) / max(1, int((one | two).sum()))
