# SPDX-License-Identifier: Apache-2.0
"""Answers that other processes gave before, on other machines maybe."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from llmseg_core.vlm.prompts import UnaskableError

from ..data import DataSample, ImageData
from .answers import AnswerSource, SampleAnswers
from .records import Records

__all__ = ["AnswerElsewhere", "AnsweredElsewhere"]

AnswerElsewhere = Callable[
    [argparse.Namespace, ImageData, Records, Sequence[int]], Mapping[str, str]
]
"""Answers, by the options of `llmseg evaluate`, the samples of these numbers that have no record
yet, adds the records, and says by the name of a sample why it cannot be asked about."""


class AnsweredElsewhere:
    """An `AnswerSource` after others have answered.

    Args:
        source: reads their records.
        refused: by the name of a sample why it cannot be asked about.
    """

    def __init__(self, source: AnswerSource, refused: Mapping[str, str]) -> None:
        self.source, self.refused = source, refused

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`.

        Raises:
            UnaskableError: as the other process did.
        """
        if sample.name in self.refused:
            raise UnaskableError(self.refused[sample.name])
        return self.source.answer(sample)

    def finish(self) -> None:
        """See `AnswerSource`."""
        self.source.finish()
