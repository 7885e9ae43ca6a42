# SPDX-License-Identifier: Apache-2.0
"""ReasonSeg (Lai et al., LISA, CVPR 2024): images with polygons of what an instruction means.

    DIR/train/3903065_2d82c3c8c1_o.jpg, .json     also val/, test/; or .png, .JPG, ...

or DIR/reason_seg/ReasonSeg/train/... in LISA's arrangement. A JSON file holds `text` (one or more
wordings of one question), `is_sentence` and `shapes`, polygons with a label.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .image_data import ImageData, first_existing
from .names import files_by_stem, image_of
from .plain_json import parse_json
from .segmentation_data import DataQuestion, QuestionKind

__all__ = ["REASON_SEG_SPLITS", "ReasonSegData", "draw_shapes"]

REASON_SEG_SPLITS = ("train", "val", "test")
_TARGET, _IGNORE = 1, 255


class ReasonSegData(ImageData):
    """Reads one split: one sample an image, one question a wording.

    Args:
        root: the data set's folder, or that of all data sets in LISA's arrangement.
        split: "train", "val" or "test".

    Raises:
        FileNotFoundError: if the split has no folder or no file.
    """

    def __init__(self, root: Path, split: str) -> None:
        self.folder = first_existing(
            root, split, f"reason_seg/ReasonSeg/{split}", f"ReasonSeg/{split}"
        )
        self._images = files_by_stem(self.folder)
        stems = self._images.keys() | files_by_stem(self.folder, (".json",)).keys()
        if not stems:
            raise FileNotFoundError(f"{self.folder} has no image and no .json file")
        super().__init__(f"reason_seg/{split}", sorted(stems))

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        return image_of(self._images, self.sample_name(index))

    def questions(self, index: int, size: tuple[int, int]) -> Sequence[DataQuestion]:
        """All wordings; they have one mask."""
        plain = parse_json(_read_text(self.folder / f"{self.sample_name(index)}.json"))
        drawn = draw_shapes(plain["shapes"], size)
        ignore = drawn == _IGNORE
        kind = QuestionKind.INSTRUCTION if plain["is_sentence"] else QuestionKind.PHRASE
        return [
            DataQuestion(text, kind, drawn == _TARGET, ignore if ignore.any() else None)
            for text in _wordings(plain["text"])
        ]


def _wordings(text: Any) -> list[Any]:
    """One or more wordings."""
    if isinstance(text, str):
        return [text]
    if not isinstance(text, list) or not text:
        raise ValueError(f"text is {text!r}, it must be a text or a list of texts")
    return text


def draw_shapes(shapes: Sequence[dict[str, Any]], size: tuple[int, int]) -> np.ndarray:
    """Draw the polygons of one annotation, large ones first, so that small ones lie on top.

    Args:
        shapes: each with `label` and `points`, [[x, y], ...] in pixels; the label "flag" is
            skipped, one with "ignore" in it marks pixels that do not count, any other the target.
        size: (H, W) of the image.

    Returns:
        (H, W) uint8: 0 elsewhere, 1 target, 255 ignored.

    Raises:
        ValueError: for points that are no pairs of finite numbers, lie outside the image or are
            given in shares of it.
    """
    labels = [shape["label"].lower() for shape in shapes]
    kept = [
        (_points(shape["points"], size), _IGNORE if "ignore" in label else _TARGET)
        for shape, label in zip(shapes, labels, strict=True)
        if label != "flag"
    ]
    areas = [np.count_nonzero(_draw(np.zeros(size, np.uint8), points, 1)) for points, _ in kept]
    canvas = np.zeros(size, np.uint8)
    for index in np.argsort(areas)[::-1]:
        _draw(canvas, *kept[index])
    return canvas


def _draw(canvas: np.ndarray, points: np.ndarray, value: int) -> np.ndarray:
    """Draw a polygon with its outline, as ReasonSeg's own script does."""
    cv2.polylines(canvas, [points], True, value, 1)
    cv2.fillPoly(canvas, [points], value)
    return canvas


def _points(points: Any, size: tuple[int, int]) -> np.ndarray:
    """(N, 2) int32, cut to whole pixels."""
    pairs = isinstance(points, list) and bool(points)
    pairs = pairs and all(isinstance(point, list) and len(point) == 2 for point in points)
    reach = 2 * max(size)
    if not pairs or not all(_near(value, reach) for point in points for value in point):
        raise ValueError(
            f"the polygon {str(points)[:60]} must be a list of pairs [x, y], "
            f"in pixels of the image, {size} (H, W)"
        )
    placed = np.array(points, dtype=np.float64)
    low, high = placed.min(0), placed.max(0)
    if low.min() >= 0 and high.max() <= 1 < max(size):
        raise ValueError(
            f"the polygon {str(points)[:60]} lies within [0, 1], it must be in pixels of the "
            f"image, {size} (H, W), not in shares of it"
        )
    if high.min() < 0 or (low >= np.array(size)[::-1]).any():
        raise ValueError(f"the polygon {str(points)[:60]} lies outside the image, {size} (H, W)")
    return placed.astype(np.int32)


def _near(value: Any, reach: int) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) <= reach


def _read_text(path: Path) -> str:
    """The text of a file in UTF-8, or in Windows' code page 1252, which some files have."""
    if not path.is_file():
        raise FileNotFoundError(f"the annotation {path} is missing")
    content = path.read_bytes()
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError(f"the annotation {path} is neither UTF-8 nor code page 1252")
