# SPDX-License-Identifier: Apache-2.0
"""The images that questions are made of, with masks of all regions, kept on disk.

    OUT/images.jsonl    one line an image that was looked at: its regions, or why it was left out

So that an interrupted run goes on where it stopped, and no image is in memory longer than needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, overload

from tqdm import tqdm

from llmseg_core.images.run_lengths import decode_counts

from ..evaluate.json_lines import JsonLines
from .looking import Look, Looks
from .preparation import Preparation
from .result.other_sets import OtherSets
from .result.splits import SplitImage
from .sources.open_source import open_source
from .sources.picture_hash import AlikePictures
from .sources.sampling import candidates
from .sources.source_image import ImageSource, Origin, Region, SourceImage
from .tally import Tally

__all__ = ["IMAGES", "PreparedImages", "prepare"]

IMAGES = "images.jsonl"


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
    looks: Looks,
    others: OtherSets,
    tally: Tally,
) -> PreparedImages:
    """Choose images of all strata and give every region a mask.

    Images that cannot be read, look like an earlier one or have too little in them are counted, and
    the next one takes their place.

    Args:
        folder: gets `images.jsonl`; what is there is kept.
        preparation: how.
        looks: looks at them.
        others: data sets whose images must not be among them.
        tally: counts what is left out under "images" and "regions".

    Raises:
        ValueError: if the file was made with other settings, or no image is left.
    """
    lines = JsonLines(folder / IMAGES, preparation.about)
    work = _Work(lines, others, tally)
    prepared = PreparedImages(lines, work.kept)
    for name, stratum in preparation.strata.items():
        source = open_source(stratum.data)
        for category, other in source.other_names.items():
            known = prepared.other_names.get(category, ())
            prepared.other_names[category] = tuple(dict.fromkeys((*known, *other)))
        wanted = stratum.images
        with tqdm(desc=f"images: {name}", total=wanted or len(source), unit="image") as progress:
            found = 0
            new = filter(
                partial(work.is_new, source), candidates(source, stratum, preparation.seed)
            )
            with looks(source, name, new) as look:
                for index in candidates(source, stratum, preparation.seed):
                    if wanted is not None and found == wanted:
                        break
                    if work.take(source, index, look):
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
    """Takes one image after the other."""

    def __init__(self, lines: JsonLines, others: OtherSets, tally: Tally) -> None:
        self.lines, self.others, self.tally = lines, others, tally
        self.kept: list[str] = []
        self.split_images: list[SplitImage] = []
        self._looked: set[str] = set()
        self._names: set[str] = set()
        self._seen = AlikePictures()

    def is_new(self, source: ImageSource, index: int) -> bool:
        """Whether nobody has looked at an image yet, now or before an interruption."""
        key = _key(source, index)
        return key not in self._looked and key not in self.lines

    def take(self, source: ImageSource, index: int, look: Look) -> bool:
        """Whether an image can be asked about; it is looked at if it was not before."""
        name, key = source.image_name(index), _key(source, index)
        if key in self._looked:
            return False  # for an earlier stratum
        self._looked.add(key)
        if key not in self.lines:
            self.lines.add(key, self._looked_at(look, index))
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

    def _looked_at(self, look: Look, index: int) -> dict[str, Any]:
        """The record of one image; one that is a copy of another needs no masks."""
        looked = look(index)
        twice = self._twice(looked.first) if "hash" in looked.first else {}
        return {**looked.first, **twice} if twice else looked.whole()

    def _twice(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Which image it is again; empty if none."""
        name, alike = record["image"], self._seen.like(record["hash"])
        if name in self._names:
            return {"left_out": "same_name"}
        if alike is not None:
            return {"left_out": "near_duplicate", "why": f"of {alike}"}
        if self.others.has_image(name, record["hash"]):
            return {"left_out": "in_other_set"}
        return {}


def _key(source: ImageSource, index: int) -> str:
    return f"{source.name}/{source.image_name(index)}"


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
