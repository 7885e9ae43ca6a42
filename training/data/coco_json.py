# SPDX-License-Identifier: Apache-2.0
"""COCO's JSON files: images, annotations by image, names of categories."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .coco_masks import DegenerateMaskError, decode_mask
from .mask_sizes import decode_resized
from .plain_json import read_json
from .segmentation_data import LeftOut

__all__ = ["CocoJson"]


class CocoJson:
    """A file in COCO's format, held in memory.

    Attributes:
        images: entries of "images" by id, in rising order.
        categories: names by id.

    Args:
        path: the file.
        content: what it holds, if somebody has read it already.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not JSON in that format.
    """

    def __init__(self, path: Path, content: Any = None) -> None:
        content = read_json(path) if content is None else content
        try:
            self.images: dict[Any, dict[str, Any]] = _by_id(content["images"])
            self.images = dict(sorted(self.images.items()))
            self._annotations = _by_id(content["annotations"])
            self._categories = _by_id(content["categories"])
            self.categories: dict[Any, str] = {
                key: item["name"] for key, item in self._categories.items()
            }
            self._of_image: dict[Any, list[dict[str, Any]]] = defaultdict(list)
            for item in content["annotations"]:
                self._of_image[item["image_id"]].append(item)
            self._twice = {
                what: _twice(content[what]) for what in ("images", "annotations", "categories")
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is not in COCO's format: {error!r}") from error
        for each in self._twice["categories"]:
            raise ValueError(f"{path} has two categories of the id {each!r}")
        for key, name in self.categories.items():
            if not isinstance(name, str) or not name.strip():
                raise ValueError(f"{path}: the name of category {key!r} is {name!r}, no text")

    def image(self, image_id: Hashable) -> dict[str, Any]:
        """An entry of "images".

        Raises:
            ValueError: if there is no such one, or there are two.
        """
        return self._only("images", self.images, image_id)

    def annotation(self, annotation_id: Hashable) -> dict[str, Any]:
        """An entry of "annotations".

        Raises:
            ValueError: if there is no such one, or there are two.
        """
        return self._only("annotations", self._annotations, annotation_id)

    def category(self, annotation: Mapping[str, Any]) -> str:
        """The name of an annotation's category.

        Raises:
            ValueError: if the file has no such category.
        """
        return self.categories[
            self._known("categories", self.categories, annotation["category_id"])
        ]

    def category_entry(self, category_id: Hashable) -> dict[str, Any]:
        """An entry of "categories"; LVIS's have synonyms."""
        entry: dict[str, Any] = self._categories[category_id]
        return entry

    def met_categories(self) -> set[str]:
        """Names of the categories that any annotation has."""
        used = {item.get("category_id") for each in self._of_image.values() for item in each}
        return {name for key, name in self.categories.items() if key in used}

    def of_image(self, image_id: Hashable) -> list[dict[str, Any]]:
        """The annotations of one image, in the order of the file."""
        return self._of_image.get(image_id, [])

    def named_masks(
        self, annotations: Iterable[dict[str, Any]], size: tuple[int, int], resized: bool = False
    ) -> tuple[list[tuple[str, np.ndarray]], list[LeftOut]]:
        """Category and mask of annotations that have one, and why others have none; see `mask`."""
        named, left_out = [], []
        for item in annotations:
            category = self.category(item)
            try:
                named.append((category, self.mask(item, size, resized)))
            except DegenerateMaskError as error:
                left_out.append(LeftOut(f"{category!r}, annotation {item.get('id')}: {error}"))
        return named, left_out

    def mask(
        self, annotation: dict[str, Any], size: tuple[int, int], resized: bool = False
    ) -> np.ndarray:
        """The mask of an annotation.

        Args:
            annotation: one of "annotations".
            size: (H, W) of the image on disk.
            resized: whether a mask of another size, or polygons in an image that the file says
                was of another size, are resized to it.

        Returns:
            (H, W) bool.

        Raises:
            DegenerateMaskError: if it has no polygon that covers a pixel.
            ValueError: if the mask cannot be read, or it or the image has another size in the file
                and is not resized.
        """
        code = annotation["segmentation"]
        image = self.image(annotation["image_id"])
        annotated = image.get("height"), image.get("width")
        if resized:
            return decode_resized(code, (image["height"], image["width"]), size)
        if not isinstance(code, Mapping) and annotated not in (size, (None, None)):
            raise ValueError(
                f"the image was annotated at {list(annotated)}, it is {list(size)} (H, W)"
                + ", turned as its EXIF data says" * (annotated == size[::-1])
            )
        return decode_mask(code, size)

    def _only(self, what: str, entries: Mapping[Any, Any], key: Hashable) -> dict[str, Any]:
        if key in self._twice[what]:
            raise ValueError(f"two {what} have the id {key!r}")
        entry: dict[str, Any] = entries[self._known(what, entries, key)]
        return entry

    def _known(self, what: str, entries: Mapping[Any, Any], key: Hashable) -> Hashable:
        if key not in entries:
            raise ValueError(f"none of the {what} has the id {key!r}")
        return key


def _by_id(entries: Iterable[Mapping[str, Any]]) -> dict[Any, Any]:
    return {item["id"]: item for item in entries}


def _twice(entries: Iterable[Mapping[str, Any]]) -> set[Any]:
    """Ids that more than one entry has."""
    return {key for key, count in Counter(item["id"] for item in entries).items() if count > 1}
