# SPDX-License-Identifier: Apache-2.0
"""Training samples: drawn at random, with a few questions each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .broken import BrokenSampleError
from .mixture import Mixture
from .readable import BrokenPolicy
from .segmentation_data import DataSample, SegmentationData

__all__ = ["SampleDraws"]

_ATTEMPTS = 100


class SampleDraws:
    """Draws from a data set: by the rates of a mixture; from other data every image equally often.

    Args:
        data: a data set or mixture.
        questions: most questions an image, drawn from those it has; the released code has 3.
        policy: what happens when a broken sample is drawn; if it is skipped, another is drawn.

    Attributes:
        broken: the broken samples that were drawn, by name. A worker process has its own.
    """

    def __init__(
        self,
        data: SegmentationData,
        questions: int = 3,
        policy: BrokenPolicy = BrokenPolicy.SKIP,
    ) -> None:
        if questions < 1:
            raise ValueError(f"questions is {questions}, it must be at least 1")
        self.data = data
        self.questions = questions
        self.policy = policy
        self.broken: dict[str, BrokenSampleError] = {}

    def draw(self, rng: np.random.Generator) -> DataSample:
        """Draw one sample; the same state of `rng` gives the same sample.

        Raises:
            BrokenSampleError: if a broken sample is fatal, or after 100 broken ones in a row.
        """
        for attempt in range(_ATTEMPTS):
            index = self._index(rng)
            try:
                sample = self.data[index]
            except BrokenSampleError as error:
                if self.policy is BrokenPolicy.FATAL or attempt == _ATTEMPTS - 1:
                    raise
                self.broken[self.data.sample_name(index)] = error
                continue
            return self._with_few_questions(sample, rng)
        raise AssertionError("the last attempt returns or raises")

    def _index(self, rng: np.random.Generator) -> int:
        if isinstance(self.data, Mixture):
            return self.data.draw(rng)
        return int(rng.integers(len(self.data)))

    def _with_few_questions(self, sample: DataSample, rng: np.random.Generator) -> DataSample:
        count = min(self.questions, len(sample.questions))
        chosen = rng.choice(len(sample.questions), size=count, replace=False)
        return replace(sample, questions=tuple(sample.questions[index] for index in chosen))
