# SPDX-License-Identifier: Apache-2.0
"""COCO's JSON files: images, annotations by image, names of categories."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from .coco_masks import decode_mask
from .mask_sizes import decode_resized

__all__ = ["CocoJson"]


class CocoJson:
    """A file in COCO's format, held in memory.

    Attributes:
        images: entries of "images" by id, in rising order.
        annotations: entries of "annotations" by id.
        categories: names by id.

    Args:
        path: the file.

    Raises:
        ValueError: if the file is not JSON in that format.
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

    def mask(
        self, annotation: dict[str, Any], size: tuple[int, int], resized: bool = False
    ) -> np.ndarray:
        """The mask of an annotation.

        Args:
            annotation: one of `annotations`.
            size: (H, W) of the image on disk.
            resized: whether a mask of another size, or polygons in an image that the file says
                was of another size, are resized to it.

        Returns:
            (H, W) bool.

        Raises:
            ValueError: if the mask cannot be read, or has another size and is not resized.
        """
        code = annotation["segmentation"]
        if not resized:
            return decode_mask(code, size)
        image = self.images[annotation["image_id"]]
        return decode_resized(code, (image["height"], image["width"]), size)
