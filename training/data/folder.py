# SPDX-License-Identifier: Apache-2.0
"""Our own format: a folder of images and one line of JSON an image, easy to write by hand.

DIR/images/kitchen_01.jpg      any image format, subfolders allowed
DIR/samples.jsonl              one line an image, UTF-8:

{"name": "kitchen_01", "image": "images/kitchen_01.jpg", "questions": [
    {"text": "what could I cut this paper with?", "mask": {"size": [480, 640], "counts": "..."}},
    {"text": "the mug left of the plate", "kind": "phrase", "category": "mug",
     "mask": "masks/kitchen_01_mug.png", "ignore": [[10, 10, 60, 10, 60, 40]]}]}

(on one line). `name` is unique, a relative path without ".."; left out, it is the image's file
without suffix. `kind` is "instruction" (the default), "phrase" or "category"; `category` only
groups scores. `mask` and `ignore` are COCO's: an RLE or a list of polygons in pixels; or the
name of a PNG of one channel, not zero inside. A mask may be empty, [] or zero: then nothing fits.
All files lie in DIR, or are linked into it. A polygon without an area is left out, and so is a
question that has no other.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from .coco_masks import DegenerateMaskError, decode_mask
from .image_data import Asked, ImageData
from .label_maps import read_label_map
from .names import check_name, file_in
from .plain_json import parse_json
from .segmentation_data import DataQuestion, LeftOut, QuestionKind

__all__ = ["INDEX", "FolderData", "question_mask", "usual_name"]

INDEX = "samples.jsonl"
_SAMPLE_KEYS = {"name", "image", "questions"}
_QUESTION_KEYS = {"text", "kind", "category", "mask", "ignore"}


class FolderData(ImageData):
    """Reads a folder of our own format.

    A damaged line is a broken sample of the name "line 7"; the others can still be read.

    Args:
        folder: with `samples.jsonl`.
        name: for reports; the folder's name if None.

    Raises:
        FileNotFoundError: if there is no `samples.jsonl`.
        ValueError: if it is empty.
    """

    def __init__(self, folder: str | Path, name: str | None = None) -> None:
        self.folder = Path(folder)
        index = self.folder / INDEX
        if not index.is_file():
            raise FileNotFoundError(f"{self.folder} has no {INDEX}, so it is no data folder")
        self._starts: list[int] = []
        names: dict[str, None] = {}
        with index.open("rb") as lines:
            start = 0
            for number, line in enumerate(lines, 1):
                if line.strip():
                    self._starts.append(start)
                    names[_name_of(line, number, names)] = None
                start += len(line)
        if not names:
            raise ValueError(f"{index} is empty, it must have a line for every image")
        super().__init__(name or self.folder.resolve().name, list(names))

    def image_file(self, index: int) -> Path:
        """Where the image of a sample lies."""
        return file_in(self.folder, self._record(index)["image"])

    def questions(self, index: int, size: tuple[int, int]) -> Asked:
        """The questions of one line."""
        return [self._question(plain, size) for plain in self._record(index)["questions"]]

    def _record(self, index: int) -> dict[str, Any]:
        with (self.folder / INDEX).open("rb") as lines:
            lines.seek(self._starts[index])
            record = _parse(lines.readline())
        if _name(record) != self.sample_name(index):
            raise ValueError(f"the name {_name(record)!r} is used in an earlier line already")
        return record

    def _question(self, plain: Any, size: tuple[int, int]) -> DataQuestion | LeftOut:
        _check_keys(plain, _QUESTION_KEYS, {"text", "mask"}, "question")
        if not isinstance(plain["text"], str):
            raise ValueError(f"'text' is {plain['text']!r}, it must be a text")
        kind = plain.get("kind", QuestionKind.INSTRUCTION.value)
        known = [each.value for each in QuestionKind]
        if kind not in known:
            raise ValueError(f"kind is {kind!r}, it must be one of {', '.join(known)}")
        ignore = plain.get("ignore")
        try:
            mask = question_mask(self.folder, plain["mask"], size)
        except DegenerateMaskError as error:
            return LeftOut(f"{plain['text']!r}: {error}")
        return DataQuestion(
            text=plain["text"],
            kind=QuestionKind(kind),
            mask=mask,
            ignore=None if ignore is None else question_mask(self.folder, ignore, size),
            category=plain.get("category", ""),
        )


def question_mask(folder: Path, code: Any, size: tuple[int, int]) -> np.ndarray:
    """The mask of a question, or what is to be ignored.

    Args:
        folder: with the files that masks may be.
        code: as it stands in `samples.jsonl`.
        size: (H, W) of the image.

    Returns:
        (H, W) bool.

    Raises:
        DegenerateMaskError: for polygons that cover no pixel.
        ValueError, OSError: if it is no mask of this size.
    """
    if isinstance(code, str):
        return read_label_map(file_in(folder, code), size) != 0
    if code == []:  # what else a mask may be where nothing fits
        return np.zeros(size, dtype=bool)
    return decode_mask(code, size)


def usual_name(image: str) -> str:
    """The name of a sample whose line names none: its image's path without suffix."""
    return str(PurePosixPath(image).with_suffix("")).removeprefix("images/")


def _name_of(line: bytes, number: int, used: dict[str, None]) -> str:
    """The name of a line's sample, or "line 7" if it cannot be had."""
    try:
        name = _name(_parse(line))
    except ValueError:
        return f"line {number}"
    return f"line {number}" if name in used else name


def _parse(line: bytes) -> dict[str, Any]:
    record = parse_json(line)
    _check_keys(record, _SAMPLE_KEYS, {"image", "questions"}, "sample")
    return record


def _name(record: dict[str, Any]) -> str:
    return check_name(record.get("name", usual_name(str(record["image"]))))


def _check_keys(record: Any, known: set[str], needed: set[str], what: str) -> None:
    if not isinstance(record, dict):
        raise ValueError(f"a {what} is {record!r}, it must be an object with {sorted(needed)}")
    for key in sorted(set(record) - known):
        raise ValueError(f"a {what} has the unknown key {key!r}, known are {sorted(known)}")
    for key in sorted(needed - set(record)):
        raise ValueError(f"a {what} has no {key!r}, it has {sorted(record)}")
