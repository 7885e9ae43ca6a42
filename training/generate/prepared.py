# SPDX-License-Identifier: Apache-2.0
"""The images that questions are made of, with masks of all regions, kept on disk.

    OUT/images.jsonl    one line an image that was looked at: its regions, or why it was left out

So that an interrupted run goes on where it stopped, and no image is in memory longer than needed.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from tqdm import tqdm

from llmseg_core.images.run_lengths import decode_counts, encode_counts

from ..evaluate.json_lines import JsonLines
from .masks.box_masks import Masker, SamNeededError
from .masks.mask_checks import checked_regions
from .result.other_sets import OtherSets
from .result.splits import SplitImage
from .sources.open_source import open_source
from .sources.picture_hash import AlikePictures, picture_hash
from .sources.sampling import RegionRules, Stratum, candidates, usable_regions
from .sources.source_image import ImageSource, Origin, Region, SourceImage
from .tally import Tally

__all__ = ["IMAGES", "Preparation", "PreparedImages", "prepare"]

IMAGES = "images.jsonl"


class Preparation:
    """How images are chosen and masked.

    Attributes:
        strata: by name, drawn from in their order.
        regions: which regions can be asked about.
        needs_names: whether regions without a category are of no use.
        seed: of what is drawn.
        settings: all that decides what the file holds.
    """

    def __init__(
        self,
        strata: Mapping[str, Stratum],
        regions: RegionRules,
        needs_names: bool,
        seed: int,
        settings: Mapping[str, Any],
    ) -> None:
        self.strata, self.regions = strata, regions
        self.needs_names, self.seed = needs_names, seed
        text = json.dumps([settings, needs_names, seed], sort_keys=True)
        self.about = {
            "format": "llmseg images",
            "version": "1",
            "settings": hashlib.blake2b(text.encode(), digest_size=8).hexdigest(),
        }


class PreparedImages(Sequence[SourceImage]):
    """Those that can be asked about, read from disk one by one.

    Attributes:
        other_names: what else a category is called, of all sources.
        split_images: what decides on splits, in the same order.
    """

    def __init__(self, lines: JsonLines, names: Sequence[str]) -> None:
        self._lines, self._names = lines, names
        self.other_names: dict[str, tuple[str, ...]] = {}
        self.split_images: list[SplitImage] = []

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> SourceImage: ...
    @overload
    def __getitem__(self, index: slice) -> list[SourceImage]: ...
    def __getitem__(self, index: int | slice) -> SourceImage | list[SourceImage]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return _from_plain(self._lines[self._names[index]])


def prepare(
    folder: Path,
    preparation: Preparation,
    masker: Callable[[], Masker],
    others: OtherSets,
    tally: Tally,
) -> PreparedImages:
    """Choose images of all strata and give every region a mask.

    Images that cannot be read, look like an earlier one or have too little in them are counted, and
    the next one takes their place.

    Args:
        folder: gets `images.jsonl`; what is there is kept.
        preparation: how.
        masker: gives masks; it is made when the first image is to be prepared.
        others: data sets whose images must not be among them.
        tally: counts what is left out under "images" and "regions".

    Raises:
        ValueError: if the file was made with other settings, or no image is left.
    """
    lines = JsonLines(folder / IMAGES, preparation.about)
    work = _Work(lines, preparation, masker, others, tally)
    prepared = PreparedImages(lines, work.kept)
    for name, stratum in preparation.strata.items():
        source = open_source(stratum.data)
        for category, other in source.other_names.items():
            known = prepared.other_names.get(category, ())
            prepared.other_names[category] = tuple(dict.fromkeys((*known, *other)))
        wanted = stratum.images
        with tqdm(desc=f"images: {name}", total=wanted or len(source), unit="image") as progress:
            found = 0
            for index in candidates(source, stratum, preparation.seed):
                if wanted is not None and found == wanted:
                    break
                if work.take(source, index, stratum):
                    found += 1
                    progress.update()
        if wanted is not None and found < wanted:
            tally.note("images", "not_enough", f"{name} has {found} of {wanted}")
    if not work.kept:
        raise ValueError(
            f"no image can be asked about: {'; '.join(tally.lines()) or 'the sources are empty'}"
        )
    prepared.split_images = work.split_images
    return prepared


class _Work:
    """Looks at one image after the other."""

    def __init__(
        self,
        lines: JsonLines,
        preparation: Preparation,
        masker: Callable[[], Masker],
        others: OtherSets,
        tally: Tally,
    ) -> None:
        self.lines, self.preparation, self.tally = lines, preparation, tally
        self.others = others
        self.kept: list[str] = []
        self.split_images: list[SplitImage] = []
        self._make: Callable[[], Masker] = masker
        self._masker: Masker | None = None
        self._looked: set[str] = set()
        self._names: set[str] = set()
        self._seen = AlikePictures()

    def take(self, source: ImageSource, index: int, stratum: Stratum) -> bool:
        """Whether an image can be asked about; it is prepared if it was not before."""
        name = source.image_name(index)
        key = f"{source.name}/{name}"
        if key in self._looked:
            return False  # for an earlier stratum
        self._looked.add(key)
        if key not in self.lines:
            self.lines.add(key, self._looked_at(source, index, stratum))
        record = self.lines[key]
        for reason, count in record["regions_left_out"].items():
            for _ in range(count):
                self.tally.note("regions", reason, name)
        if record["left_out"]:
            self.tally.note("images", record["left_out"], f"{key}: {record['why']}")
            return False
        self._names.add(name)
        self._seen.add(record["hash"], name)
        self.kept.append(key)
        self.split_images.append(SplitImage(name, record["video"], record["hash"]))
        return True

    def _looked_at(self, source: ImageSource, index: int, stratum: Stratum) -> dict[str, Any]:
        """The record of one image."""
        name = source.image_name(index)
        record: dict[str, Any] = {"image": name, "left_out": "", "why": "", "regions_left_out": {}}
        reasons: Counter[str] = Counter()
        try:
            image = source[index]
            hash = picture_hash(image.file)
            record.update(hash=hash, video=image.video)
            alike = self._seen.like(hash)
            if name in self._names:
                return {**record, "left_out": "same_name"}
            if alike is not None:
                return {**record, "left_out": "near_duplicate", "why": f"of {alike}"}
            if self.others.has_image(name, hash):
                return {**record, "left_out": "in_other_set"}
            image = self._masked(image, reasons)
        except SamNeededError:
            raise
        except (ValueError, OSError, LookupError, TypeError, AttributeError) as error:
            why = str(error) or type(error).__name__
            return {**record, "left_out": "unreadable", "why": why}
        record["regions_left_out"] = {reason: count for reason, count in reasons.items() if count}
        few = self._too_few(image, stratum)
        return {**record, "left_out": few} if few else {**record, **_to_plain(image)}

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


def _to_plain(image: SourceImage) -> dict[str, Any]:
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


def _from_plain(record: Mapping[str, Any]) -> SourceImage:
    height, width = record["size"]
    return SourceImage(
        name=record["image"],
        origin=Origin(record["origin"]),
        source=record["source"],
        file=Path(record["file"]),
        size=(height, width),
        regions=tuple(
            Region(
                each["category"], tuple(each["box"]), decode_counts(each["mask"], (height, width))
            )
            for each in record["regions"]
        ),
        video=record["video"],
        absent=tuple(record["absent"]),
    )
