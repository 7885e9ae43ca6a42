# SPDX-License-Identifier: Apache-2.0
"""Whether a mask is that of the thing that it is said to be of, as far as geometry tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from llmseg_core.config.limits import Between
from llmseg_core.config.settings import Settings

from ..sources.source_image import Box, Region, box_of

__all__ = ["MaskRules", "MaskToCheck", "box_iou", "checked_regions", "mask_fault"]


@dataclass(frozen=True)
class MaskRules(Settings):
    """What a mask must fulfil."""

    least_certainty: Annotated[float, Between(0, 1)] = 0.48
    """of a mask that SAM drew: the IoU that it predicts, times the IoU with what it draws by the
    second prompt, times the IoU of the box around the mask and the given box"""
    least_box_iou: Annotated[float, Between(0, 1)] = 0.6
    """IoU of the box around a mask, of its largest piece if SAM drew it, and the given box"""
    most_outside: Annotated[float, Between(0, 1)] = 0.1
    """share of the mask that lies outside of the given box"""
    least_filled: Annotated[float, Between(0, 1)] = 0.08
    """share of its box that a mask covers"""
    least_whole: Annotated[float, Between(0, 1)] = 0.5
    """share of a mask's pixels that its largest connected piece has"""
    most_shared: Annotated[float, Between(0, 1)] = 0.8
    """IoU of two masks of an image, from which they are of the same thing"""


@dataclass(frozen=True)
class MaskToCheck:
    """A mask and what is known of it.

    Attributes:
        mask: (H, W) bool.
        box_px: where the thing is said to be.
        quality: IoU that SAM predicts; None if people drew the mask.
        second: (H, W) bool, what SAM drew by another prompt; None if people drew the mask.
    """

    mask: np.ndarray
    box_px: Box
    quality: float | None = None
    second: np.ndarray | None = None


def mask_fault(given: MaskToCheck, rules: MaskRules) -> str:
    """Why a mask cannot be used; "" if nothing speaks against it."""
    area = int(given.mask.sum())
    if not area:
        return "empty_mask"
    largest = _largest_piece(given.mask) if given.quality is not None else given.mask
    around = box_of(largest)  # a speck that SAM leaves elsewhere makes the box of all far too large
    boxes_agree = box_iou(around, given.box_px)
    if _outside(given.mask, given.box_px) > rules.most_outside:
        return "outside_box"
    if boxes_agree < rules.least_box_iou:
        return "other_box"
    if given.quality is not None:
        prompts_agree = 1.0 if given.second is None else _iou(given.mask, given.second)
        if not given.quality * prompts_agree * boxes_agree >= rules.least_certainty:
            return "uncertain"
    left, top, right, bottom = around
    if area < rules.least_filled * (right - left) * (bottom - top):
        return "hardly_filled"
    if int(largest.sum()) < rules.least_whole * area:
        return "in_pieces"
    return ""


def checked_regions(regions: Sequence[Region], rules: MaskRules) -> tuple[list[Region], list[str]]:
    """The regions whose masks no other thing has, and the reasons for which others were left out.

    Where things of two categories have the same mask, nobody knows whose it is, and both go; of one
    category one stays.
    """
    bad: dict[int, str] = {}
    for here, region in enumerate(regions):
        for there in range(here):
            other = regions[there]
            if there in bad or region.mask is None or other.mask is None:
                continue
            if box_iou(region.box_px, other.box_px) < rules.most_shared / 2:
                continue
            if _iou(region.mask, other.mask) > rules.most_shared:
                bad[here] = "twice" if region.category == other.category else "same_mask"
                if region.category != other.category:
                    bad[there] = "same_mask"
    kept = [region for place, region in enumerate(regions) if place not in bad]
    return kept, list(bad.values())


def box_iou(one: Box, two: Box) -> float:
    """IoU of two boxes, [0, 1]."""
    across = min(one[2], two[2]) - max(one[0], two[0])
    down = min(one[3], two[3]) - max(one[1], two[1])
    shared = max(0.0, across) * max(0.0, down)
    whole = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, two)) - shared
    return shared / whole if whole > 0 else 0.0


def _iou(one: np.ndarray, two: np.ndarray) -> float:
    whole = int((one | two).sum())
    return int((one & two).sum()) / whole if whole else 1.0


def _outside(mask: np.ndarray, box: Box) -> float:
    """Share of a mask, [0, 1], that lies outside of a box, which may be a pixel too small."""
    left, top, right, bottom = (round(value) for value in box)
    inner = mask[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1]
    return 1 - int(inner.sum()) / max(1, int(mask.sum()))


def _largest_piece(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool, the largest connected piece of a mask that is not empty."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))
