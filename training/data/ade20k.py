# SPDX-License-Identifier: Apache-2.0
"""ADE20K (Zhou et al., 2017) in the form of the scene parsing challenge, ADEChallengeData2016.

    DIR/images/training/ADE_train_00000001.jpg             also validation/
    DIR/annotations/training/ADE_train_00000001.png

or the same in DIR/ade20k or DIR/ADEChallengeData2016. A pixel is 0 where nothing is labelled, else
the class from 1 to 150.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .ade20k_classes import ADE20K_CLASSES
from .image_data import ImageData, first_existing
from .label_maps import class_questions, read_label_map
from .names import files_by_stem, image_of
from .released import OUR_READING, ReleasedReading
from .segmentation_data import DataGroup, DataQuestion

__all__ = ["ADE20K_SPLITS", "Ade20kData"]

ADE20K_SPLITS = ("training", "validation")
_NAMES = dict(enumerate(ADE20K_CLASSES, start=1))


class Ade20kData(ImageData):
    """Reads one split: one sample an image, one question a class in it; unlabelled is ignored.

    Args:
        root: the data set's folder, or that of all data sets in LISA's arrangement.
        split: "training" or "validation".
        reading: whether label maps are resized to their images.

    Raises:
        FileNotFoundError: if the split's images or annotations are missing.
    """

    group = DataGroup.SEMANTIC

    def __init__(self, root: Path, split: str, reading: ReleasedReading = OUR_READING) -> None:
        self._resized = reading.resized_masks
        folder = first_existing(root, "annotations", "ade20k", "ADEChallengeData2016")
        folder = root if folder.name == "annotations" else folder
        self._images = files_by_stem(first_existing(folder, f"images/{split}"))
        self._labels = first_existing(folder, f"annotations/{split}")
        names = self._images.keys() | files_by_stem(self._labels, (".png",)).keys()
        super().__init__(f"ade20k/{split}", sorted(names))

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        return image_of(self._images, self.sample_name(index))

    def questions(self, index: int, size: tuple[int, int]) -> Sequence[DataQuestion]:
        """One question for each class that is present."""
        path = self._labels / f"{self.sample_name(index)}.png"
        labels = read_label_map(path, size, self._resized)
        return class_questions(labels, _NAMES)
