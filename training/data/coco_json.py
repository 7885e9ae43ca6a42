# SPDX-License-Identifier: Apache-2.0
"""COCO's JSON files: images, annotations by image, names of categories."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .coco_masks import decode_mask
from .segmentation_data import DataQuestion, QuestionKind

__all__ = ["CocoJson", "category_questions"]


class CocoJson:
    """A file in COCO's format, held in memory.

    Attributes:
        images: entries of "images" by id, by rising id.
        annotations: entries of "annotations" by id.
        categories: names by id.

    Args:
        path: the file.

    Raises:
        ValueError: if the file is no JSON of that format.
    """

    def __init__(self, path: Path) -> None:
        try:
            content = json.loads(path.read_bytes())
            self.images = {item["id"]: item for item in content["images"]}
            self.annotations = {item["id"]: item for item in content["annotations"]}
            self.categories: dict[int, str] = {
                item["id"]: item["name"] for item in content["categories"]
            }
            self._of_image: dict[int, list[dict[str, Any]]] = defaultdict(list)
            for item in content["annotations"]:
                self._of_image[item["image_id"]].append(item)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not in COCO's format: {error!r}") from error
        self.images = dict(sorted(self.images.items()))

    def of_image(self, image_id: int) -> list[dict[str, Any]]:
        """The annotations of one image, in the order of the file."""
        return self._of_image.get(image_id, [])


def category_questions(
    named: Iterable[tuple[str, Any]], size: tuple[int, int]
) -> list[DataQuestion]:
    """One question for each name, about all of its instances.

    Args:
        named: name and COCO mask of every instance.
        size: (H, W) of the image.
    """
    masks: dict[str, np.ndarray] = {}
    for name, code in named:
        mask = decode_mask(code, size)
        masks[name] = masks[name] | mask if name in masks else mask
    return [
        DataQuestion(name, QuestionKind.CATEGORY, mask, category=name)
        for name, mask in masks.items()
        if mask.any()
    ]
