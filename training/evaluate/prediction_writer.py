# SPDX-License-Identifier: Apache-2.0
"""Writes predictions in the formats that `prediction_files` reads."""

from __future__ import annotations

import json
import shutil
from enum import Enum
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from llmseg_core.images.image_files import write_image
from llmseg_core.runtime.whole_file import whole_file

from ..data import DataSample
from .answers import AnswerSource, SampleAnswers
from .prediction_record import prediction_record

__all__ = ["PredictionFormat", "WrittenAnswers"]


class PredictionFormat(str, Enum):
    """How predictions are written."""

    PNG = "png"
    """a folder of masks, 0 or 255; confidences are lost"""
    RLE = "rle"
    """one file of JSON lines"""


class WrittenAnswers:
    """Passes answers on and writes each; an `AnswerSource`.

    Args:
        source: gives the answers.
        place: folder of PNG files, or the file of JSON lines, which is there when all are.
        form: which of them.
    """

    def __init__(self, source: AnswerSource, place: Path, form: PredictionFormat) -> None:
        self.source = source
        self.place = place
        self.form = form
        if form is PredictionFormat.RLE:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._lines = TemporaryFile(dir=place.parent)  # noqa: SIM115 - closed when done

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`."""
        answers = self.source.answer(sample)
        answers.check(sample.name)
        if self.form is PredictionFormat.PNG:
            for index, prediction in enumerate(answers.predictions):
                path = self.place / f"{sample.name}_{index}.png"
                write_image(path, prediction.mask.astype(np.uint8) * 255)
            return answers
        for index, prediction in enumerate(answers.predictions):
            line = {"sample": sample.name, "question": index, **prediction_record(prediction)}
            self._lines.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        return answers

    def finish(self) -> None:
        """See `AnswerSource`."""
        self.source.finish()
        if self.form is PredictionFormat.RLE:
            self._lines.seek(0)
            with self._lines, whole_file(self.place) as temporary, temporary.open("wb") as file:
                shutil.copyfileobj(self._lines, file)
