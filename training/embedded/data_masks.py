# SPDX-License-Identifier: Apache-2.0
"""A data set's masks as instances: what a SAM can learn from questions about images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data import BrokenPolicy, SegmentationData
from ..data.readable import ReadableSamples
from ..scenes import BACKGROUND_ID, TABLE_ID

__all__ = ["DataInstances", "InstanceImage", "instances_of"]

COVERED = 0.95
"""share of a mask from which on several smaller ones make it up"""


@dataclass(frozen=True)
class InstanceImage:
    """An image and the things that questions are about.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        instances: (H, W) uint8, `BACKGROUND_ID`, or another number for each thing.
    """

    image: np.ndarray
    instances: np.ndarray


class DataInstances:
    """The images of a data set on which questions mean something.

    Args:
        data: of any kind; it is read once from end to end to find them.
        broken: what to do about samples that cannot be read.

    Raises:
        BrokenSampleError: if a broken sample is fatal.
        ValueError: if no question means anything.
    """

    def __init__(self, data: SegmentationData, broken: BrokenPolicy = BrokenPolicy.FATAL) -> None:
        self.data = data
        self.places = [
            place
            for place, sample in ReadableSamples(data, broken).enumerate()
            if any(question.mask.any() for question in sample.questions)
        ]
        if not self.places:
            raise ValueError(f"{data.name} has no question with a mask, from which SAM could learn")

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> InstanceImage:
        sample = self.data[self.places[index]]
        masks = [question.mask for question in sample.questions]
        return InstanceImage(sample.image, instances_of(masks))


def instances_of(masks: Sequence[np.ndarray]) -> np.ndarray:
    """One number for each thing of which there is a mask.

    A mask that several smaller ones make up is of several things, and stands for none. Where masks
    overlap, the smaller one lies before the larger.

    Args:
        masks: one or more, (H, W) bool, the same ones perhaps several times.

    Returns:
        (H, W) uint8, `BACKGROUND_ID` where there is none. Of more than 254 things the largest.
    """
    different = {mask.tobytes(): mask for mask in masks if mask.any()}
    ordered = sorted(different.values(), key=lambda mask: -int(mask.sum()))
    single = [
        mask for place, mask in enumerate(ordered) if not _made_up(mask, ordered[place + 1 :])
    ]
    instances = np.full(masks[0].shape, BACKGROUND_ID, dtype=np.uint8)
    for number, mask in enumerate(single[: TABLE_ID - 1], 1):
        instances[mask] = number
    return instances


def _made_up(mask: np.ndarray, smaller: Sequence[np.ndarray]) -> bool:
    """Whether several of the smaller masks, all within it, cover a mask."""
    parts = [each for each in smaller if (each & mask).sum() > COVERED * each.sum()]
    area = int(mask.sum())
    if len(parts) < 2 or any(int(each.sum()) > COVERED * area for each in parts):
        return False
    return bool(np.logical_or.reduce(parts)[mask].sum() > COVERED * area)
