# SPDX-License-Identifier: Apache-2.0
"""PASCAL-Part (Chen et al., 2014): parts of objects in PASCAL VOC 2010.

    DIR/Annotations_Part/2008_000002.mat
    DIR/VOCdevkit/VOC2010/JPEGImages/2008_000002.jpg
    DIR/VOCdevkit/VOC2010/ImageSets/Main/train.txt          also val.txt, trainval.txt

or the same in DIR/vlpart/pascal_part, LISA's arrangement. LISA and LLM-Seg read a conversion to
COCO's format that VLPart's script makes, DIR/train.json; where there is one, it is read.

The annotations distinguish left and right, upper and lower; as in that conversion, "llleg" and
"luleg" are both "person leg", and parts without a word in `PASCAL_PARTS` are left out.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from scipy.io.matlab import MatReadError

from llmseg_core.images.run_lengths import encode_mask

from .coco_json import CocoJson
from .coco_masks import decode_mask
from .image_data import Asked, ImageData, first_existing
from .mask_sizes import decode_resized
from .part_questions import category_questions, instance_questions
from .released import OUR_READING, ReleasedReading
from .segmentation_data import DataGroup, LeftOut

__all__ = ["PASCAL_PARTS", "PASCAL_PART_SPLITS", "PascalPartData", "part_category"]

PASCAL_PART_SPLITS = ("train", "val", "trainval")

_BEAST = ("head", "leg", "ear", "eye")
PASCAL_PARTS: dict[str, tuple[str, ...]] = {
    "aeroplane": ("body", "wing", "tail", "wheel"),
    "bicycle": ("wheel", "handlebar", "saddle"),
    "bird": ("beak", "head", "eye", "leg", "foot", "wing", "neck", "tail", "torso"),
    "bottle": ("body", "cap"),
    "bus": ("license plate", "headlight", "door", "mirror", "window", "wheel"),
    "car": ("license plate", "headlight", "door", "mirror", "window", "wheel"),
    "cat": (*_BEAST, "paw", "neck", "nose", "tail", "torso"),
    "cow": (*_BEAST, "neck", "horn", "muzzle", "tail", "torso"),
    "dog": (*_BEAST, "paw", "neck", "nose", "muzzle", "tail", "torso"),
    "horse": (*_BEAST, "neck", "muzzle", "tail", "torso"),
    "motorbike": ("wheel", "handlebar", "headlight", "saddle"),
    "person": (
        *("hair", "head", "ear", "eye", "nose", "neck", "mouth"),
        *("arm", "hand", "leg", "foot", "torso"),
    ),
    "potted plant": ("plant", "pot"),
    "sheep": (*_BEAST, "neck", "horn", "muzzle", "tail", "torso"),
}
"""The parts that are asked about, of every kind of object that has some."""

_SHORT = {"license plate": "liplate", "paw": "pa"}
"""What the annotations write for words that do not stand in them."""


class PascalPartData(ImageData):
    """Reads one split: one sample an image with parts, one question a part, of all objects.

    Args:
        root: the data set's folder, or that of all data sets in LISA's arrangement.
        split: "train", "val" or "trainval".
        reading: whether each annotated part is a question of its own, and whether masks are
            resized to their images.

    Raises:
        FileNotFoundError: if the annotations, the list of images or the images are missing.
    """

    group = DataGroup.SEMANTIC

    def __init__(self, root: Path, split: str, reading: ReleasedReading = OUR_READING) -> None:
        self._reading = reading
        folder = first_existing(root, "vlpart/pascal_part", "VOCdevkit")
        self.folder = root if folder.name == "VOCdevkit" else folder
        self._images = first_existing(self.folder, "VOCdevkit/VOC2010/JPEGImages")
        converted = self.folder / f"{split}.json"
        self._coco = CocoJson(converted) if converted.exists() else None
        names = self._names_of_coco(self._coco) if self._coco else self._names_of_list(split)
        self._ids = list(self._coco.images) if self._coco else []
        super().__init__(f"pascal_part/{split}", names)

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        return self._images / f"{self.sample_name(index)}.jpg"

    def questions(self, index: int, size: tuple[int, int]) -> Asked:
        """One question for each part of each kind of object, or for each part of each object."""
        named, left_out = self._named(index, size, self._reading.resized_masks)
        single = self._reading.single_instances
        return [*(instance_questions(named) if single else category_questions(named)), *left_out]

    def _named(
        self, index: int, size: tuple[int, int], resized: bool
    ) -> tuple[list[tuple[str, np.ndarray]], list[LeftOut]]:
        """Category and mask of every part that is asked about, and what was left out."""
        if self._coco is None:
            path = self.folder / "Annotations_Part" / f"{self.sample_name(index)}.mat"
            named = [
                (category, decode_resized(code, size, size) if resized else decode_mask(code, size))
                for category, code in _parts_of_mat(path)
            ]
            return named, []
        return self._coco.named_masks(self._coco.of_image(self._ids[index]), size, resized)

    def _names_of_coco(self, coco: CocoJson) -> list[str]:
        return [Path(str(image.get("file_name"))).stem for image in coco.images.values()]

    def _names_of_list(self, split: str) -> list[str]:
        """The images of the split that have an annotation: a part of VOC has none."""
        annotations = first_existing(self.folder, "Annotations_Part")
        listed = first_existing(self.folder, f"VOCdevkit/VOC2010/ImageSets/Main/{split}.txt")
        names = listed.read_text(encoding="utf-8").split()
        return [name for name in names if (annotations / f"{name}.mat").exists()]


def part_category(kind: str, part: str) -> str | None:
    """The category of an annotated part.

    Args:
        kind: of the object, as annotated: "pottedplant".
        part: as annotated: "lfuleg", "wheel_1".

    Returns:
        "cow:leg", or None if the part is not asked about.
    """
    kind = "potted plant" if kind == "pottedplant" else kind
    for word in PASCAL_PARTS.get(kind, ()):
        if _SHORT.get(word, word) in part:
            return f"{kind}:{word}"
    return None


def _parts_of_mat(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Category and mask of every part that is asked about."""
    if not path.is_file():
        raise FileNotFoundError(f"the annotation {path} is missing")
    try:
        content = scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)
        found = [
            (part_category(str(getattr(thing, "class")), str(part.part_name)), part.mask != 0)
            for thing in np.atleast_1d(content["anno"].objects)
            for part in np.atleast_1d(thing.parts)
        ]
    except (MatReadError, OSError, ValueError, KeyError, AttributeError, zlib.error) as error:
        raise ValueError(f"the annotation {path} cannot be read: {error!r}") from error
    return [(category, encode_mask(mask)) for category, mask in found if category]
