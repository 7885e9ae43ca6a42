# SPDX-License-Identifier: Apache-2.0
"""PACO-LVIS (Ramanathan et al., 2023): objects and their parts in COCO images.

    DIR/vlpart/paco/annotations/paco_lvis_v1_train.json     or DIR/annotations/...; also val, test
    DIR/coco/train2017/000000000009.jpg, val2017/...        or DIR/images/train2017, DIR/train2017

The images' file_name has the folder: "train2017/000000000009.jpg". A category is an object
("mug") or a part of one ("mug:handle"); in the question it is "mug" or "mug handle".
"""

from __future__ import annotations

from pathlib import Path

from .coco_json import CocoJson
from .image_data import Asked, ImageData, first_existing
from .names import file_in
from .part_questions import category_questions, instance_questions
from .released import OUR_READING, ReleasedReading
from .segmentation_data import DataGroup

__all__ = ["PACO_SPLITS", "PacoLvisData"]

PACO_SPLITS = ("train", "val", "test")


class PacoLvisData(ImageData):
    """Reads one split: one sample an image, one question a category in it, about all instances.

    Categories of which the file says that not all instances in the image are marked
    (not_exhaustive_category_ids) are left out: their mask would not be the whole answer.

    Args:
        root: the folder with annotations and images as above.
        split: "train", "val" or "test".
        reading: whether each instance is a question of its own, all categories included, and
            whether masks are resized to their images.

    Raises:
        FileNotFoundError: if the annotations or the images are missing.
        ValueError: if the annotations are not in COCO's format.
    """

    group = DataGroup.SEMANTIC

    def __init__(self, root: Path, split: str, reading: ReleasedReading = OUR_READING) -> None:
        self._reading = reading
        file = f"annotations/paco_lvis_v1_{split}.json"
        self._coco = CocoJson(first_existing(root, f"vlpart/paco/{file}", f"paco/{file}", file))
        self._images = first_existing(
            root, "coco/train2017", "images/train2017", "train2017"
        ).parent
        self._ids = [image_id for image_id in self._coco.images if self._coco.of_image(image_id)]
        super().__init__(f"paco_lvis/{split}", [str(image_id) for image_id in self._ids])

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        return file_in(self._images, self._coco.image(self._ids[index])["file_name"])

    def questions(self, index: int, size: tuple[int, int]) -> Asked:
        """One question for each category that is present, or for each instance."""
        image, single = self._coco.image(self._ids[index]), self._reading.single_instances
        partly = set() if single else set(image.get("not_exhaustive_category_ids", ()))
        wanted = [
            item for item in self._coco.of_image(image["id"]) if item["category_id"] not in partly
        ]
        named, left_out = self._coco.named_masks(wanted, size, self._reading.resized_masks)
        asked = instance_questions(named) if single else category_questions(named)
        return [*asked, *left_out]
