# SPDX-License-Identifier: Apache-2.0
"""Which images of a source questions are made of (paper section 4.2.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from llmseg_core.config.limits import AtLeast, Between, NotBlank
from llmseg_core.config.settings import Settings
from llmseg_core.config.values import require

from .source_image import ImageSource, Region, SourceImage

__all__ = ["RegionRules", "Stratum", "candidates", "usable_regions"]


@dataclass(frozen=True)
class Stratum(Settings):
    """Images of one source with some number of categories, of which so many are drawn."""

    data: Annotated[str, NotBlank("a source, such as lvis:datasets/lvis:train")]
    """KIND:PATH:SPLIT; kinds are lvis, ego_objects, coco, visor, folder, scenes, images"""
    images: Annotated[int, AtLeast(1)] | None = None
    """how many images; null takes all"""
    least_categories: Annotated[int, AtLeast(0)] = 0
    """fewest different categories of an image"""
    most_categories: Annotated[int, AtLeast(1)] | None = None
    """most different categories of an image; null is any number"""
    frames_a_video: Annotated[int, AtLeast(1)] | None = None
    """most images of one video; null is any number. One of each is drawn before a second of any"""

    def __post_init__(self) -> None:
        super().__post_init__()
        most = self.most_categories
        require(
            most is None or most >= self.least_categories,
            "most_categories",
            most,
            f"at least least_categories = {self.least_categories}",
        )

    def fits(self, categories: int) -> bool:
        """Whether an image of so many different categories belongs to it."""
        most = self.most_categories
        return self.least_categories <= categories and (most is None or categories <= most)


@dataclass(frozen=True)
class RegionRules(Settings):
    """Which regions of an image can be asked about."""

    smallest_share: Annotated[float, Between(0, 1)] = 0.001
    """share of the image that the largest region of a category must cover; an unnamed region alike.
    A box counts as its ellipse"""
    most_regions: Annotated[int, AtLeast(1)] = 40
    """of an image, the largest; what is not named takes part, too"""


def candidates(source: ImageSource, stratum: Stratum, seed: int) -> Iterator[int]:
    """Indices of a source's images that belong to a stratum, in the order in which they are tried.

    The order is random. One frame of each video comes before a second one of any.
    """
    rng = np.random.default_rng([seed, len(source)])
    order = rng.permutation(len(source)).tolist()
    rounds: dict[str, int] = {}
    placed: list[tuple[int, int]] = []
    for index in order:
        video = source.video(index)
        turn = rounds.get(video, 0) if video else 0
        if video:
            rounds[video] = turn + 1
        placed.append((turn, index))
    most = stratum.frames_a_video
    for turn, index in sorted(placed, key=lambda each: each[0]):
        if most is not None and turn >= most:
            return
        # Without limits there is nothing to count: SAM may find the regions later.
        limited = stratum.least_categories > 0 or stratum.most_categories is not None
        if not limited or stratum.fits(len(source.usable_categories(index))):
            yield index


def usable_regions(image: SourceImage, rules: RegionRules) -> tuple[list[Region], dict[str, int]]:
    """The regions that can be asked about, and how many were left out by reason.

    Raises nothing: an image may have none left.
    """
    kept: list[Region] = []
    reasons: dict[str, int] = {}
    pixels = image.size[0] * image.size[1]
    largest: dict[str, float] = {}
    for region in image.regions:
        if region.category:
            share = _area(region) / pixels
            largest[region.category] = max(share, largest.get(region.category, 0))
    partly = {region.category for region in image.regions if not region.exhaustive}
    for region in image.regions:
        share = largest.get(region.category, _area(region) / pixels)
        reason = ""
        if region.category in partly:
            reason = "not_exhaustive"
        elif share < rules.smallest_share or not _area(region):
            reason = "tiny"
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
        else:
            kept.append(region)
    return _largest(kept, rules.most_regions, reasons), reasons


def _largest(regions: Sequence[Region], most: int, reasons: dict[str, int]) -> list[Region]:
    """The categories with the largest regions, whole, as many as there is room for."""
    groups: dict[str, list[Region]] = {}
    for place, region in enumerate(regions):
        groups.setdefault(region.category or f"\0{place}", []).append(region)
    ranked = sorted(groups.values(), key=lambda group: -max(map(_area, group)))
    kept: list[Region] = []
    for group in ranked:
        if len(kept) + len(group) <= most:
            kept += group
        else:
            reasons["too_many"] = reasons.get("too_many", 0) + len(group)
    ids = {id(each) for each in kept}
    return [region for region in regions if id(region) in ids]


def _area(region: Region) -> float:
    """Pixels of the mask, or of the ellipse in the box."""
    if region.mask is not None:
        return float(region.mask.sum())
    left, top, right, bottom = region.box_px
    return max(0.0, right - left) * max(0.0, bottom - top) * float(np.pi / 4)
