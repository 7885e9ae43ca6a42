# SPDX-License-Identifier: Apache-2.0
"""Images with regions from files in COCO's format: COCO itself, LVIS v1 and EgoObjects v1.0.

    lvis         DIR/lvis_v1_train.json, or in DIR/annotations, DIR/lvis; images where their
                 coco_url says: DIR/train2017, DIR/coco/train2017, DIR/images/train2017
    ego_objects  DIR/EgoObjectsV1_unified_train.json, or in DIR/annotations, DIR/data; images in
                 DIR/images or DIR/ego_objects/images. Boxes only
    coco         as `llmseg data` reads it (training/data/coco.py)

LVIS: an image's not_exhaustive_category_ids name what is there more often than annotated, and its
neg_category_ids what is not there at all. Categories have synonyms and a WordNet synset.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ...data.coco import coco_files
from ...data.coco_json import CocoJson
from ...data.coco_masks import DegenerateMaskError
from ...data.image_data import first_existing
from ...data.plain_json import read_json
from .source_image import Box, ImageSource, Origin, Region, SourceImage, box_of, spoken

__all__ = ["CocoSource", "coco_source", "ego_objects_source", "lvis_source"]


class CocoSource(ImageSource):
    """Images of one file in COCO's format.

    Args:
        name: for reports.
        origin: of its images.
        coco: the file.
        folders: where images may lie, the likeliest first.
        boxes_only: whether masks are not looked for.
    """

    def __init__(
        self, name: str, origin: Origin, coco: CocoJson, folders: list[Path], boxes_only: bool
    ) -> None:
        super().__init__(name, origin, _other_names(coco))
        self.coco, self.folders, self.boxes_only = coco, folders, boxes_only
        self._ids = [key for key in coco.images if coco.of_image(key)]

    def __len__(self) -> int:
        return len(self._ids)

    def image_name(self, index: int) -> str:
        """The name of its file without suffix."""
        return _file_name(self.coco.images[self._ids[index]]).stem

    def usable_categories(self, index: int) -> frozenset[str]:
        """See `ImageSource`."""
        key = self._ids[index]
        partly = set(_listed(self.coco.images[key], "not_exhaustive_category_ids"))
        used = {each.get("category_id") for each in self.coco.of_image(key)} - partly
        return frozenset(spoken(self.coco.categories[each]) for each in used & set(self._known()))

    def video(self, index: int) -> str:
        """EgoObjects says of each image which video it is from."""
        return str(self.coco.images[self._ids[index]].get("video_id") or "")

    def __getitem__(self, index: int) -> SourceImage:
        """See `ImageSource`; crowds are left out, and so is their category."""
        entry = self.coco.image(self._ids[index])
        size = int(entry["height"]), int(entry["width"])
        annotations = self.coco.of_image(entry["id"])
        partly = set(_listed(entry, "not_exhaustive_category_ids"))
        partly |= {each["category_id"] for each in annotations if each.get("iscrowd")}
        regions = [
            self._region(each, size, each["category_id"] not in partly)
            for each in annotations
            if not each.get("iscrowd")
        ]
        known = self._known()
        absent = [known[key] for key in _listed(entry, "neg_category_ids") if key in known]
        return SourceImage(
            name=self.image_name(index),
            origin=self.origin,
            source=self.name,
            file=self._file(entry),
            size=size,
            regions=tuple(each for each in regions if each is not None),
            video=self.video(index),
            absent=tuple(map(spoken, absent)),
        )

    def _region(
        self, annotation: dict[str, Any], size: tuple[int, int], exhaustive: bool
    ) -> Region | None:
        category = spoken(self.coco.category(annotation))
        if self.boxes_only or not annotation.get("segmentation"):
            return Region(category, _box(annotation), None, exhaustive)
        try:
            mask = self.coco.mask(annotation, size)
        except DegenerateMaskError:  # what annotating leaves behind
            return None
        box = _box(annotation) if "bbox" in annotation else box_of(mask)
        return Region(category, box, mask, exhaustive)

    def _known(self) -> Mapping[Any, str]:
        return self.coco.categories

    def _file(self, entry: Mapping[str, Any]) -> Path:
        name = _file_name(entry)
        for place in (name, PurePosixPath(*name.parts[-2:]), PurePosixPath(name.name)):
            for folder in self.folders:
                if (folder / place).is_file():
                    return folder / place
        where = ", ".join(map(str, self.folders))
        raise FileNotFoundError(f"the image {name.name} is missing in {where}")


def lvis_source(root: Path, split: str) -> CocoSource:
    """LVIS v1, "train" or "val"."""
    file = _annotations(root, f"lvis_v1_{split}.json", "annotations", "lvis")
    folders = [root, root / "coco", root / "images"]
    folders += [folder / f"{year}2017" for folder in folders for year in ("train", "val")]
    coco = CocoJson(file)
    return CocoSource(f"lvis/{split}", Origin.COCO, coco, _there(folders), boxes_only=False)


def ego_objects_source(root: Path, split: str) -> CocoSource:
    """EgoObjects v1.0, "train" or "eval"; categories may stand in the metadata beside the file."""
    file = _annotations(root, f"EgoObjectsV1_unified_{split}.json", "annotations", "data")
    content = read_json(file)
    if isinstance(content, dict) and not content.get("categories"):
        metadata = file.with_name("EgoObjectsV1_unified_metadata.json")
        content = {**content, "categories": read_json(metadata).get("cat_det_cats") or []}
    folders = [root / "images", root / "ego_objects/images", root / "data/images", root]
    coco = CocoJson(file, content)
    name = f"ego_objects/{split}"
    return CocoSource(name, Origin.EGO_OBJECTS, coco, _there(folders), boxes_only=True)


def coco_source(root: Path, split: str) -> CocoSource:
    """COCO's instances, and what tools for annotating export in its format."""
    file, folders = coco_files(root, split)
    name = f"coco/{split or file.stem}"
    return CocoSource(name, Origin.COCO, CocoJson(file), folders, boxes_only=False)


def _annotations(root: Path, name: str, *folders: str) -> Path:
    if root.is_file():
        return root
    return first_existing(root, name, *(f"{folder}/{name}" for folder in folders))


def _there(folders: list[Path]) -> list[Path]:
    return [folder for folder in folders if folder.is_dir()]


def _file_name(entry: Mapping[str, Any]) -> PurePosixPath:
    """How a file calls an image: a path, or the end of an address."""
    named = entry.get("file_name") or entry.get("coco_url") or entry.get("url")
    if not isinstance(named, str) or not PurePosixPath(named).name:
        raise ValueError(
            f"the image {entry.get('id')!r} has no file name: it must have file_name, coco_url or "
            f"url"
        )
    path = PurePosixPath(named.replace("\\", "/").partition("?")[0])
    parts = [part for part in path.parts if part not in ("/", "..")]
    return PurePosixPath(*(parts[-2:] if "://" in named else parts))


def _box(annotation: Mapping[str, Any]) -> Box:
    numbers: Any = annotation.get("bbox")
    fine = isinstance(numbers, list) and len(numbers) == 4
    if not fine or not all(type(each) in (int, float) and each >= 0 for each in numbers):
        raise ValueError(f"bbox is {numbers!r}, it must be left, top, width, height in pixels")
    left, top, width, height = map(float, numbers)
    return left, top, left + width, top + height


def _other_names(coco: CocoJson) -> dict[str, tuple[str, ...]]:
    """Synonyms of LVIS, and the lemma of each synset ("water_bottle.n.01")."""
    found: dict[str, tuple[str, ...]] = {}
    for key, name in coco.categories.items():
        entry = coco.category_entry(key)
        synset = str(entry.get("synset") or "").partition(".")[0]
        given = [str(each) for each in _listed(entry, "synonyms")]
        names = [spoken(each) for each in (*given, synset) if each]
        others = dict.fromkeys(each for each in names if each != spoken(name))
        found[spoken(name)] = (*found.get(spoken(name), ()), *others)
    return {name: others for name, others in found.items() if others}


def _listed(entry: Mapping[str, Any], key: str) -> list[Any]:
    """What an entry lists; nothing if it does not."""
    listed: Any = entry.get(key)
    return listed if isinstance(listed, list) else []
