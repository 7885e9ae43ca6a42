# SPDX-License-Identifier: Apache-2.0
"""Writes predictions in the formats that `prediction_files` reads."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path

import numpy as np

from llmseg_core.images.image_files import write_image

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
        self._partial = place.with_name(f".{place.name}.part")
        if form is PredictionFormat.RLE:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._partial.write_bytes(b"")

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`."""
        answers = self.source.answer(sample)
        if self.form is PredictionFormat.PNG:
            for index, prediction in enumerate(answers.predictions):
                path = self.place / f"{sample.name}_{index}.png"
                write_image(path, prediction.mask.astype(np.uint8) * 255)
            return answers
        with self._partial.open("a", encoding="utf-8") as lines:
            for index, prediction in enumerate(answers.predictions):
                record = prediction_record(prediction.mask, prediction.confidence)
                line = {"sample": sample.name, "question": index, **record}
                lines.write(json.dumps(line, ensure_ascii=False) + "\n")
        return answers

    def finish(self) -> None:
        """See `AnswerSource`."""
        self.source.finish()
        if self.form is PredictionFormat.RLE:
            self._partial.replace(self.place)
