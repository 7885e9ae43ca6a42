# SPDX-License-Identifier: Apache-2.0
"""Mapillary Vistas (Neuhold et al., 2017), version 2.0 or 1.2.

    DIR/config_v2.0.json
    DIR/training/images/_1Gn_xkw7sa_i9GU4mkxxQ.jpg          also validation/
    DIR/training/v2.0/labels/_1Gn_xkw7sa_i9GU4mkxxQ.png     or v1.2

or the same in DIR/mapillary. A pixel holds the index of its class in the config's "labels".
Classes that the config does not evaluate are not asked about, and their pixels do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .image_data import ImageData, first_existing
from .label_maps import class_questions, read_label_map
from .names import files_by_stem, image_of
from .plain_json import read_json
from .released import OUR_READING, ReleasedReading
from .segmentation_data import DataGroup, DataQuestion

__all__ = ["MAPILLARY_SPLITS", "MapillaryData"]

MAPILLARY_SPLITS = ("training", "validation")


class MapillaryData(ImageData):
    """Reads one split: one sample an image, one question a class in it.

    Args:
        root: the data set's folder, or that of all data sets in LISA's arrangement.
        split: "training" or "validation".
        reading: whether label maps are resized to their images, and all labels asked about.

    Raises:
        FileNotFoundError: if the config, the images or the label maps are missing.
        ValueError: if the config cannot be read.
    """

    group = DataGroup.SEMANTIC

    def __init__(self, root: Path, split: str, reading: ReleasedReading = OUR_READING) -> None:
        self._resized = reading.resized_masks
        config = first_existing(
            root,
            "config_v2.0.json",
            "mapillary/config_v2.0.json",
            "config_v1.2.json",
            "mapillary/config_v1.2.json",
        )
        version = config.stem.removeprefix("config_")
        self._images = files_by_stem(first_existing(config.parent, f"{split}/images"))
        self._labels = first_existing(config.parent, f"{split}/{version}/labels")
        self._classes = _classes(config, reading.all_labels)
        names = self._images.keys() | files_by_stem(self._labels, (".png",)).keys()
        super().__init__(f"mapillary/{split}", sorted(names))

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        return image_of(self._images, self.sample_name(index))

    def questions(self, index: int, size: tuple[int, int]) -> Sequence[DataQuestion]:
        """One question for each class that is present."""
        path = self._labels / f"{self.sample_name(index)}.png"
        labels = read_label_map(path, size, self._resized)
        return class_questions(labels, self._classes)


def _classes(config: Path, all_labels: bool) -> dict[int, str]:
    try:
        labels = read_json(config)["labels"]
        return {
            index: label["readable"].lower()
            for index, label in enumerate(labels)
            if all_labels or label["evaluate"]
        }
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{config} is no config of Mapillary Vistas: {error!r}") from error
