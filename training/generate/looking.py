# SPDX-License-Identifier: Apache-2.0
"""What is in one image: it is read, its regions are masked, and what cannot be used is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from llmseg_core.images.run_lengths import encode_counts

from .masks.box_masks import Masker, SamNeededError
from .masks.mask_checks import checked_regions
from .preparation import Preparation
from .sources.picture_hash import picture_hash
from .sources.sampling import Stratum, usable_regions
from .sources.source_image import ImageSource, SourceImage

__all__ = ["Look", "LookedAt", "Looker", "Looks", "looks_here"]

Record = dict[str, Any]
UNUSABLE = (ValueError, OSError, LookupError, TypeError, AttributeError)
"""what a damaged image or annotation may end with"""


@dataclass(frozen=True)
class LookedAt:
    """One image, looked at.

    Attributes:
        first: what can be said at a glance: name, and hash and video if it can be read.
        whole: gives the whole record, for an image that is no copy of an earlier one.
    """

    first: Record
    whole: Callable[[], Record]


Look = Callable[[int], LookedAt]
"""Looks at the image of a source that has this number."""

Looks = Callable[[ImageSource, str, Iterable[int]], AbstractContextManager[Look]]
"""For a source, the name of its stratum and the numbers of the images that may be looked at, in
their order: gives a `Look` within a block."""


class Looker:
    """Looks at images one by one.

    Args:
        preparation: how they are chosen.
        masker: gives masks; it is made when the first image needs some.
    """

    def __init__(self, preparation: Preparation, masker: Callable[[], Masker]) -> None:
        self.preparation = preparation
        self._make: Callable[[], Masker] = masker
        self._masker: Masker | None = None

    def __call__(self, source: ImageSource, index: int, stratum: Stratum) -> LookedAt:
        """Look at the image of a source that has this number.

        Raises:
            SamNeededError: by `whole`, if masks have to be drawn and there is no SAM.
        """
        name = source.image_name(index)
        record: Record = {"image": name, "left_out": "", "why": "", "regions_left_out": {}}
        try:
            image = source[index]
            record.update(hash=picture_hash(image.file), video=image.video)
        except UNUSABLE as error:
            broken = {**record, **_unreadable(error)}
            return LookedAt(broken, lambda: broken)
        return LookedAt(record, lambda: {**record, **self._rest(image, stratum)})

    def _rest(self, image: SourceImage, stratum: Stratum) -> Record:
        reasons: Counter[str] = Counter()
        try:
            image = self._masked(image, reasons)
        except SamNeededError:
            raise
        except UNUSABLE as error:
            return _unreadable(error)
        left_out = {reason: count for reason, count in reasons.items() if count}
        few = self._too_few(image, stratum)
        return {"regions_left_out": left_out, **({"left_out": few} if few else _plain(image))}

    def _masked(self, image: SourceImage, reasons: Counter[str]) -> SourceImage:
        """The image with regions that can be asked about, all with masks."""
        image = self._usable(image, reasons) if image.regions else image
        if self._masker is None:
            self._masker = self._make()
        masked, faults = self._masker(image)
        usable = self._usable(masked, reasons)
        regions, twice = checked_regions(usable.regions, self._masker.rules)
        reasons.update([*faults, *twice])
        return usable.with_regions(tuple(regions))

    def _usable(self, image: SourceImage, reasons: Counter[str]) -> SourceImage:
        regions, why = usable_regions(image, self.preparation.regions)
        reasons.update(why)
        if self.preparation.needs_names:
            named = [each for each in regions if each.category]
            reasons["not_named"] += len(regions) - len(named)
            regions = named
        return image.with_regions(tuple(regions))

    def _too_few(self, image: SourceImage, stratum: Stratum) -> str:
        """Why an image is of no use; "" if it is."""
        if not image.regions:
            return "no_categories" if self.preparation.needs_names else "no_regions"
        return "few_categories" if len(image.categories) < stratum.least_categories else ""


def looks_here(looker: Looker) -> Looks:
    """Looks in this process, at one image when it is asked for."""
    strata = looker.preparation.strata

    @contextmanager
    def looks(source: ImageSource, stratum: str, numbers: Iterable[int]) -> Iterator[Look]:
        yield lambda index: looker(source, index, strata[stratum])

    return looks


def _unreadable(error: Exception) -> Record:
    return {"left_out": "unreadable", "why": str(error) or type(error).__name__}


def _plain(image: SourceImage) -> dict[str, Any]:
    return {
        "origin": image.origin.value,
        "source": image.source,
        "file": str(image.file.absolute()),
        "size": list(image.size),
        "absent": list(image.absent),
        "regions": [
            {
                "category": region.category,
                "box": list(region.box_px),
                "mask": encode_counts(region.mask),
            }
            for region in image.regions
            if region.mask is not None
        ],
    }
