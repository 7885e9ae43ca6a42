# SPDX-License-Identifier: Apache-2.0
"""COCO-Stuff (Caesar et al., 2018): things and stuff as label maps, stuffthingmaps_trainval2017.

    DIR/cocostuff/train2017/000000000009.png       also val2017/; or in DIR/stuffthingmaps,
                                                   DIR/stuffthingmaps_trainval2017
    DIR/coco/train2017/000000000009.jpg            or DIR/images/train2017, DIR/train2017

A pixel is the class from 0 (person) to 181 (wood), or 255 where nothing is labelled. Classes with
"-" in their name ("wall-brick", "floor-other") are finer or vaguer than what people say; as in
LISA, they are not asked about and their pixels do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .coco_stuff_classes import COCO_STUFF_CLASSES
from .image_data import ImageData, first_existing
from .label_maps import class_questions, read_label_map
from .names import files_by_stem
from .released import OUR_READING, ReleasedReading
from .segmentation_data import DataGroup, DataQuestion

__all__ = ["COCO_STUFF_SPLITS", "CocoStuffData"]

COCO_STUFF_SPLITS = ("train2017", "val2017")
_LABELS = (
    *("cocostuff", "stuffthingmaps", "stuffthingmaps_trainval2017"),
    "cocostuff/stuffthingmaps_trainval2017",
)
_NAMES = {label: name for label, name in enumerate(COCO_STUFF_CLASSES) if "-" not in name}


class CocoStuffData(ImageData):
    """Reads one split: one sample a label map, one question a class in it.

    Args:
        root: the folder with label maps and images as above.
        split: "train2017" or "val2017".
        reading: whether label maps are resized to their images.

    Raises:
        FileNotFoundError: if the split's label maps or images are missing.
    """

    group = DataGroup.SEMANTIC

    def __init__(self, root: Path, split: str, reading: ReleasedReading = OUR_READING) -> None:
        self._resized = reading.resized_masks
        self._labels = first_existing(root, *(f"{place}/{split}" for place in _LABELS))
        self._images = first_existing(root, f"coco/{split}", f"images/{split}", split)
        super().__init__(f"coco_stuff/{split}", sorted(files_by_stem(self._labels, (".png",))))

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        return self._images / f"{self.sample_name(index)}.jpg"

    def questions(self, index: int, size: tuple[int, int]) -> Sequence[DataQuestion]:
        """One question for each class that is present."""
        path = self._labels / f"{self.sample_name(index)}.png"
        labels = read_label_map(path, size, self._resized)
        return class_questions(labels, _NAMES)
