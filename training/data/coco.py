# SPDX-License-Identifier: Apache-2.0
"""Instances in plain COCO JSON, as COCO has them and as tools for annotating export them.

    DIR/annotations/instances_train.json    COCO itself and CVAT: images in DIR/images/train,
                                            DIR/images or DIR/train
    DIR/result.json                         Label Studio: images in DIR/images
    DIR/train/_annotations.coco.json        Roboflow: images beside it
    DIR/labels.json                         FiftyOne: images in DIR/data

The split is what stands in the place of "train": "val", "valid", "default". It may be left out
where there is one file only; PATH may be the JSON file itself. Masks are polygons or run lengths,
compressed or not.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from .coco_json import CocoJson
from .image_data import Asked, ImageData
from .released import OUR_READING, ReleasedReading
from .segmentation_data import DataGroup, DataQuestion, QuestionKind

__all__ = ["CocoData", "coco_files"]

ABSENT = "absent"
"""after "/": categories that an image has not are asked about, too"""
_SPLIT = re.compile(r"(?:annotations/)?(?:instances_)?(?P<split>.+?)(?:/_annotations\.coco)?\.json")
_PLACES = (
    "annotations/instances_{}.json",
    "annotations/{}.json",
    "{}/_annotations.coco.json",
    "{}.json",
    "instances_{}.json",
)
_UNSPLIT = ("result.json", "labels.json", "_annotations.coco.json", "annotations.json")


class CocoData(ImageData):
    """Reads one file: one sample an image, one question a category in it, about all instances.

    What is marked as a crowd ("iscrowd") counts neither as hit nor as miss. A name is asked with
    blanks for "_".

    Args:
        root: the data set's folder, or the JSON file.
        split: which file, see above; with "/absent" after it, or "absent" alone, as many categories
            that the image has not, but another one has, are asked about as it has, at least one,
            and images without instances are samples, too. The image's id decides which.
        reading: whether masks are resized to their images.

    Raises:
        FileNotFoundError: if there is no such file, naming those that are there.
        ValueError: if the file is not in COCO's format or has nothing to ask about, or the split
            is left out where there are several.
    """

    group = DataGroup.SEMANTIC

    def __init__(self, root: Path, split: str, reading: ReleasedReading = OUR_READING) -> None:
        self._resized = reading.resized_masks
        split, _, more = (split, "", ABSENT) if split == ABSENT else split.partition("/")
        split = "" if split == ABSENT else split
        if more not in ("", ABSENT):
            raise ValueError(f"the split ends on {more!r}, it must end on nothing or on {ABSENT}")
        self._absent = more == ABSENT
        file, self._folders = coco_files(root, split)
        self._coco = CocoJson(file)
        self._met = {_spoken(name) for name in self._coco.met_categories()}
        self._ids = [
            image_id
            for image_id in self._coco.images
            if self._absent or self._coco.of_image(image_id)
        ]
        if not self._ids:
            raise ValueError(f"{file} has no image with an annotation")
        name = f"coco/{split or _split_of(file.name)}"
        super().__init__(f"{name}/{more}" if more else name, self._sample_names())

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        return _found(self._folders, self._coco.image(self._ids[index])["file_name"])

    def questions(self, index: int, size: tuple[int, int]) -> Asked:
        """One question for each category that is present, and perhaps some for others."""
        annotations = self._coco.of_image(self._ids[index])
        whole = [item for item in annotations if not item.get("iscrowd")]
        crowds = [item for item in annotations if item.get("iscrowd")]
        named, left_out = self._coco.named_masks(whole, size, self._resized)
        crowded, _ = self._coco.named_masks(crowds, size, self._resized)
        masks, ignored = _united(named), _united(crowded)
        asked = [_question(name, mask, ignored.get(name)) for name, mask in masks.items()]
        if self._absent:
            nothing = np.zeros(size, dtype=bool)
            present = {_spoken(self._coco.category(item)) for item in annotations}
            asked += [_question(name, nothing) for name in self._others(index, present)]
        return [*asked, *left_out]

    def _others(self, index: int, present: set[str]) -> list[str]:
        """Some of the names that an image has nothing of."""
        others = sorted(self._met - present)
        count = min(max(len(present), 1), len(others))
        chance = np.random.default_rng(list(str(self._ids[index]).encode()))
        return [str(name) for name in chance.permutation(others)[:count]]

    def _sample_names(self) -> list[str]:
        """Names of the files without suffix; the images' ids, if two of those are the same."""
        files = [str(self._coco.images[image_id].get("file_name")) for image_id in self._ids]
        names = [PurePosixPath(file.replace("\\", "/")).stem for file in files]
        return names if len(set(names)) == len(names) else [str(each) for each in self._ids]


def coco_files(root: Path, split: str) -> tuple[Path, list[Path]]:
    """The file of a split, and where its images may lie, the likeliest first; see `CocoData`."""
    file = _annotations(root, split)
    return file, _image_folders(root, file)


def _question(name: str, mask: np.ndarray, crowd: np.ndarray | None = None) -> DataQuestion:
    ignore = None if crowd is None else crowd & ~mask
    return DataQuestion(name, QuestionKind.CATEGORY, mask, ignore, category=name)


def _united(named: list[tuple[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The union of all masks of a category, by its spoken name."""
    masks: dict[str, np.ndarray] = {}
    for category, mask in named:
        name = _spoken(category)
        masks[name] = masks[name] | mask if name in masks else mask
    return masks


def _spoken(category: str) -> str:
    """A category as one says it."""
    return category.replace("_", " ").strip()


def _annotations(root: Path, split: str) -> Path:
    """The file of a split."""
    if root.is_file():
        return root
    if split:
        for place in _PLACES:
            if (root / place.format(split)).is_file():
                return root / place.format(split)
    found = sorted(
        {
            path
            for pattern in ("*.json", "annotations/*.json", "*/_annotations.coco.json")
            for path in root.glob(pattern)
            if path.is_file() and not path.name.startswith(".")
        }
    )
    if not split and len(found) == 1:
        return found[0]
    if not split:
        found_unsplit = [root / name for name in _UNSPLIT if (root / name).is_file()]
        if len(found_unsplit) == 1:
            return found_unsplit[0]
    splits = [_split_of(path.relative_to(root).as_posix()) for path in found]
    known = f"it must be one of {', '.join(splits)}" if splits else "there is no file of COCO's"
    raise FileNotFoundError(f"{root}: the split is {split!r}, {known}")


def _split_of(place: str) -> str:
    match = _SPLIT.fullmatch(place)
    return match["split"] if match else place


def _image_folders(root: Path, file: Path) -> list[Path]:
    """Where images may lie, the likeliest first."""
    split = _split_of(file.name)
    if root.is_file():
        root = file.parent.parent if file.parent.name == "annotations" else file.parent
    places = [f"images/{split}", split, "images", "data", "."]
    folders = [*(root / place for place in places), file.parent]
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def _found(folders: list[Path], named: Any) -> Path:
    """The file that an entry names, which may do so by a path of the machine that exported it."""
    if not isinstance(named, str) or not named.strip("/\\"):
        raise ValueError(f"file_name is {named!r}, it must be the name of an image file")
    path = PurePosixPath(named.replace("\\", "/"))
    parts = [part for part in path.parts if part not in ("/", "..")]
    for place in ("/".join(parts), parts[-1]):
        for folder in folders:
            if (folder / place).is_file():
                return folder / place
    raise FileNotFoundError(
        f"the image {named} is missing in {', '.join(str(folder) for folder in folders)}"
    )
