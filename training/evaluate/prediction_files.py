# SPDX-License-Identifier: Apache-2.0
"""Predictions on disk, ours or any other system's, in one of two formats.

    DIR/SAMPLE_QUESTION.png     one channel, not zero inside; SAMPLE is the sample's name ("/" makes
                                folders), QUESTION counts its questions from 0: kitchen/01_0.png
    FILE.jsonl                  one line a question:

    {"sample": "kitchen/01", "question": 0, "mask": {"size": [480, 640], "counts": "..."},
     "confidence": 0.9}

(on one line). `mask` is a COCO RLE, compressed or not, of the image's size; all zero means that
nothing fits. `confidence`, [0, 1], may be left out, and so may `reason`, which says to people why
nothing was found. The `samples.jsonl` that `llmseg data export` writes names the samples of any
data set and has their questions in order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from llmseg_core.images.image_files import opened_image

from ..data import DataSample
from ..data.names import fitting_path
from ..data.plain_json import parse_json
from .answers import Prediction, SampleAnswers
from .prediction_record import prediction_of
from .prediction_writer import ROOM

__all__ = ["Missing", "PredictionAnswers", "open_predictions"]

Key = tuple[str, int]
SHOWN = 3
"""examples of each problem in the message"""


class Missing(str, Enum):
    """What a question without a prediction means."""

    ERROR = "error"
    """the predictions are not whole and get no scores"""
    EMPTY = "empty"
    """the system found nothing"""


class WrongSizeError(ValueError):
    """The prediction's size is not the image's."""


class PredictionFiles(Protocol):
    """Predictions by sample and question."""

    def keys(self) -> set[Key]:
        """What there is."""

    def stored(self, key: Key) -> Key:
        """What a sample and question are called among `keys`."""

    def read(self, key: Key, size: tuple[int, int]) -> Prediction:
        """One prediction for an image of `size` (H, W).

        Raises:
            WrongSizeError: if it has another size.
            ValueError: if it cannot be used.
        """


class PredictionAnswers:
    """Answers from files; an `AnswerSource`.

    Args:
        place: for messages.
        files: the predictions.
        missing: what a question without one means.
        extra_is_wrong: whether a prediction that belongs to no question is an error; it is none if
            only a part of the data is evaluated.
    """

    def __init__(
        self,
        place: Path,
        files: PredictionFiles,
        missing: Missing = Missing.ERROR,
        extra_is_wrong: bool = True,
    ) -> None:
        self.place = place
        self.missing = missing
        self.extra_is_wrong = extra_is_wrong
        self._files = files
        self._known = files.keys()
        self._extra = files.keys()
        self._problems: dict[str, list[str]] = defaultdict(list)

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`; problems are gathered until `finish`."""
        size = sample.image.shape[0], sample.image.shape[1]
        return SampleAnswers(
            tuple(self._one((sample.name, index), size) for index in range(len(sample.questions)))
        )

    def finish(self) -> None:
        """Refuse predictions that do not fit the data.

        Raises:
            ValueError: counting all that is missing, of a wrong size, unusable or too many.
        """
        if self.extra_is_wrong and self._extra:
            self._problems["belong to no question"] = [_text(key) for key in sorted(self._extra)]
        if self._problems:
            lines = [
                f"{len(names)} {problem} ({'; '.join(names[:SHOWN])}"
                f"{'; ...' if len(names) > SHOWN else ''})"
                for problem, names in self._problems.items()
            ]
            raise ValueError(f"of the predictions in {self.place}: {', '.join(lines)}")

    def _one(self, key: Key, size: tuple[int, int]) -> Prediction:
        nothing = Prediction(np.zeros(size, dtype=bool))
        key = self._files.stored(key)
        if key not in self._known:
            if self.missing is Missing.ERROR:
                self._problems["are missing"].append(_text(key))
            return nothing
        self._extra.discard(key)
        try:
            return self._files.read(key, size)
        except WrongSizeError as error:
            self._problems["have a wrong size"].append(f"{_text(key)}: {error}")
        except (ValueError, OSError) as error:
            self._problems["cannot be used"].append(f"{_text(key)}: {error}")
        return nothing


def open_predictions(place: Path) -> PredictionFiles:
    """Open a folder of PNG masks or a file of JSON lines.

    Raises:
        FileNotFoundError: if there is neither.
        ValueError: if it holds no prediction, or a line is damaged.
    """
    if not place.is_dir() and not place.is_file():
        raise FileNotFoundError(f"the predictions {place} do not exist, or are no file")
    files: PredictionFiles = _PngFolder(place) if place.is_dir() else _RleLines(place)
    if not files.keys():
        what = "file SAMPLE_QUESTION.png" if place.is_dir() else "line"
        raise ValueError(f"{place} has no {what}, so it holds no predictions")
    return files


class _PngFolder:
    """Files named SAMPLE_QUESTION.png; a name that is too long is cut as it is written."""

    def __init__(self, folder: Path) -> None:
        self._paths: dict[Key, Path] = {}
        for path in sorted(folder.rglob("[!.]*.png")):
            if not path.is_file():
                continue
            stem = path.relative_to(folder).with_suffix("").as_posix()
            name, _, number = stem.rpartition("_")
            if name and number.isascii() and number.isdigit():
                self._paths[name, int(number)] = path

    def keys(self) -> set[Key]:
        return set(self._paths)

    def stored(self, key: Key) -> Key:
        return fitting_path(key[0], ROOM), key[1]

    def read(self, key: Key, size: tuple[int, int]) -> Prediction:
        with opened_image(self._paths[key]) as image:
            found = image.height, image.width
            pixels = np.array(image) if found == size else None
        _check_size(found, size)
        assert pixels is not None
        if pixels.ndim != 2:
            raise ValueError(f"it has {pixels.shape[2]} channels, it must have one")
        return Prediction(pixels != 0)


class _RleLines:
    """One JSON object a line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._starts: dict[Key, int] = {}
        start = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    key = _key_of(line, f"{path}, line {number}")
                    if key in self._starts:
                        raise ValueError(f"{path}, line {number}: {_text(key)} was there before")
                    self._starts[key] = start
                start += len(line)

    def keys(self) -> set[Key]:
        return set(self._starts)

    def stored(self, key: Key) -> Key:
        return key

    def read(self, key: Key, size: tuple[int, int]) -> Prediction:
        with self.path.open("rb") as lines:
            lines.seek(self._starts[key])
            record: dict[str, Any] = parse_json(lines.readline())
        mask = record.get("mask")
        if isinstance(mask, Mapping) and isinstance(mask.get("size"), list):
            _check_size(tuple(mask["size"]), size)
        return prediction_of(record, size)


def _key_of(line: bytes, where: str) -> Key:
    try:
        record = parse_json(line)
    except ValueError as error:
        raise ValueError(f"{where} is no JSON: {error}") from error
    sample = record.get("sample") if isinstance(record, dict) else None
    question = record.get("question") if isinstance(record, dict) else None
    if not isinstance(sample, str) or type(question) is not int:
        raise ValueError(
            f'{where}: "sample" is {sample!r} and "question" {question!r}, they must be a name and '
            f"a whole number"
        )
    return sample, question


def _check_size(found: tuple[Any, ...], wanted: tuple[int, int]) -> None:
    if found != wanted:
        raise WrongSizeError(f"{list(found)}, the image is {list(wanted)} (H, W)")


def _text(key: Key) -> str:
    return f"{key[0]} question {key[1]}"
