# SPDX-License-Identifier: Apache-2.0
"""Masks where there are none: of boxes by SAM (paper section 4.2.1), of everything without boxes.

A box is drawn twice: by the box, and by a somewhat larger box together with the point that lies
deepest in the mask that the first one gave. The less the two agree, the less sure is SAM which
thing is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from llmseg_core.prompted.masks import PromptedMasks
from llmseg_core.prompted.target import Target
from llmseg_core.proposals.enlarge import enlarge_masks
from llmseg_core.proposals.generator import ProposalGenerator

from ..sources.source_image import Box, Region, SourceImage, box_of
from .mask_checks import MaskRules, MaskToCheck, mask_fault

__all__ = ["Masker", "SamNeededError", "drawn_masks"]

GROWN = 0.06
"""share of its sides by which the second box is larger, at each side"""


class SamNeededError(ValueError):
    """Masks have to be drawn, and there is no SAM."""


@dataclass(frozen=True)
class Masker:
    """Gives every region of an image a mask.

    Attributes:
        prompted: draws masks of boxes; None refuses images that need it.
        everything: proposes masks of images without regions; None likewise.
        rules: what the masks must fulfil.
    """

    prompted: PromptedMasks | None
    everything: ProposalGenerator | None
    rules: MaskRules

    def __call__(self, image: SourceImage) -> tuple[SourceImage, list[str]]:
        """The image with masks alone, and a reason for each region that was left out.

        Raises:
            SamNeededError: if SAM is needed and there is none.
            FileNotFoundError, ValueError: if the image cannot be read.
        """
        if not image.regions:
            return image.with_regions(tuple(self._proposed(image))), []
        boxes = [each for each in image.regions if each.mask is None]
        drawn = iter(self._drawn(image, boxes)) if boxes else iter(())
        kept, faults = [], []
        for region in image.regions:
            given = next(drawn) if region.mask is None else MaskToCheck(region.mask, region.box_px)
            fault = mask_fault(given, self.rules)
            if fault:
                faults.append(fault)
            else:
                kept.append(replace(region, mask=given.mask))
        return image.with_regions(tuple(kept)), faults

    def _drawn(self, image: SourceImage, regions: Sequence[Region]) -> list[MaskToCheck]:
        if self.prompted is None:
            raise SamNeededError(
                f"{image.source} has boxes without masks: name a model directory with SAM (`sam`)"
            )
        return drawn_masks(self.prompted, image.image(), regions)

    def _proposed(self, image: SourceImage) -> list[Region]:
        if self.everything is None:
            raise SamNeededError(
                f"{image.source} has images without regions: name a model directory with SAM "
                f"(`sam`)"
            )
        proposals = self.everything(image.image())
        masks = enlarge_masks(proposals.masks, proposals.image_size).numpy()
        return [Region("", box_of(mask), mask) for mask in masks if mask.any()]


def drawn_masks(
    prompted: PromptedMasks, image: np.ndarray, regions: Sequence[Region]
) -> list[MaskToCheck]:
    """Draw what boxes show, twice.

    Args:
        prompted: a SAM.
        image: (H, W, 3) uint8 RGB.
        regions: with boxes.
    """
    encoded = prompted.encode(image)
    first = prompted.draw(encoded, [Target(region.box_px) for region in regions])
    masks = first.masks.cpu().numpy()
    again = [
        Target(_grown(region.box_px), _deepest(mask))
        for mask, region in zip(masks, regions, strict=True)
    ]
    second = prompted.draw(encoded, again).masks.cpu().numpy()
    quality = first.predicted_iou.cpu().tolist()
    return [
        MaskToCheck(mask, region.box_px, float(sure), other)
        for mask, region, sure, other in zip(masks, regions, quality, second, strict=True)
    ]


def _grown(box: Box) -> Box:
    left, top, right, bottom = box
    across, down = GROWN * (right - left), GROWN * (bottom - top)
    return left - across, top - down, right + across, bottom + down


def _deepest(mask: np.ndarray) -> tuple[tuple[float, float], ...]:
    """The point x, y that is farthest from a mask's edge; none of an empty mask."""
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    if depth[row, column] <= 0:
        return ()
    return ((float(column) - 0.5, float(row) - 0.5),)
