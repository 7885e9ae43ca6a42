# SPDX-License-Identifier: Apache-2.0
"""Writes predictions in the formats that `prediction_files` reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from accelerate.utils import gather_object

from llmseg_core.images.image_files import write_image
from llmseg_core.runtime.whole_file import whole_file

from ..data import DataSample
from ..data.names import fitting_path
from .answers import AnswerSource, SampleAnswers
from .prediction_record import prediction_record

__all__ = ["ROOM", "PredictionFormat", "WrittenAnswers"]

ROOM = len("_123456789.png")
"""bytes of a file's name that follow the sample's"""


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
        share: number of this process, and how many write together; the first one writes the file.
        order: of the samples in the file, where several do.
    """

    def __init__(
        self,
        source: AnswerSource,
        place: Path,
        form: PredictionFormat,
        share: tuple[int, int] = (0, 1),
        order: Sequence[str] = (),
    ) -> None:
        self.source = source
        self.place = place
        self.form = form
        self.share, self.order = share, order
        if form is PredictionFormat.RLE:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._lines = TemporaryFile(dir=place.parent)  # noqa: SIM115 - closed when done

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`."""
        answers = self.source.answer(sample)
        answers.check(sample.name)
        if self.form is PredictionFormat.PNG:
            for index, prediction in enumerate(answers.predictions):
                path = self.place / f"{fitting_path(sample.name, ROOM)}_{index}.png"
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
            if self.share[1] > 1:
                self._gather()
            if self.share[0] > 0:
                return
            with self._lines, whole_file(self.place) as temporary, temporary.open("wb") as file:
                shutil.copyfileobj(self._lines, file)

    def _gather(self) -> None:
        """Put the lines of all processes into one file, in the order of the samples."""
        found: list[bytes] = gather_object(self._lines.readlines())
        place = {name: number for number, name in enumerate(self.order)}
        found.sort(key=lambda line: place[json.loads(line)["sample"]])  # questions stay in order
        self._lines.seek(0)
        self._lines.truncate()
        self._lines.writelines(found)
        self._lines.seek(0)
