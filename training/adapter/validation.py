# SPDX-License-Identifier: Apache-2.0
"""Scores a model while it is trained, by the pipeline that will use it, and keeps the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from accelerate.utils import gather_object

from llmseg_core.config import LisaConfig, LLMSegConfig
from llmseg_core.methods.lisa import Lisa
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.metrics.mask_iou import MaskCounts, MaskIoUMetric
from llmseg_core.selector.presence import presence_values
from llmseg_core.types import Segmentation

from ..data import BrokenPolicy, ReadableSamples, SegmentationData
from ..evaluate.answers import Prediction, SampleAnswers
from ..evaluate.asking import asked_text, phrase_question
from ..evaluate.case import Case
from ..evaluate.judge import judge
from ..honesty.calibrate import judged_case
from ..honesty.curves import LEAST_QUESTIONS, fit_calibration
from ..honesty.minimum import least_chance, trained_minimum
from ..honesty.presence_fit import by_presence, has_enough, with_presence
from .directory import stored_scores
from .objective import mixed_precision

__all__ = ["AdapterValidation"]

CHECKED = 2
"""samples a process is asked about before the first step, so that a fault shows at once"""


@dataclass(frozen=True)
class _Answered:
    """The answer to a question.

    Attributes:
        case: judged, taken however unsure it is, by the method's own score.
        nothing: what the answer "nothing fits" has in common with the right one.
        presence_values: see `presence_values`; None where nothing was proposed, or nobody tells
            whether anything fits.
    """

    case: Case
    nothing: MaskCounts
    presence_values: tuple[float, ...] | None


class AdapterValidation:
    """Asks a pipeline about validation data; every process takes its share.

    Where the model that training began with was calibrated, each is calibrated anew, on its answers
    to this data, as its scores are other ones; and is judged as it would answer then.

    Args:
        pipeline: around the networks that learn; from now on without calibration.
        data: images with questions.
        best: directory of the best model so far.
        save: writes the model to a directory, with its scores and its configuration, of the class
            of the pipeline's; called in the first process alone.
        broken: what happens when a sample cannot be read.
        samples: only the first so many images; None means all.
        process: number of this process.
        processes: how many there are.
        bfloat16: whether VLM and selector compute in mixed precision, as in training.
    """

    def __init__(
        self,
        pipeline: LLMSegPipeline | Lisa,
        data: SegmentationData,
        best: Path,
        save: Callable[[Path, dict[str, Any], Any], None],
        broken: BrokenPolicy = BrokenPolicy.FATAL,
        samples: int | None = None,
        process: int = 0,
        processes: int = 1,
        bfloat16: bool = False,
    ) -> None:
        self.pipeline, self.data, self.best, self.save = pipeline, data, best, save
        self.broken = broken
        self.samples = len(data) if samples is None else min(samples, len(data))
        self.process, self.processes = process, processes
        self.bfloat16 = bfloat16
        self._selection, self._calibration = pipeline.selection, pipeline.calibration
        pipeline.calibration = None

    def check(self) -> None:
        """Ask about a few samples and forget the answers."""
        self._answered(CHECKED * self.processes)

    def run(self, step: int) -> dict[str, float]:
        """Score the model as it is after `step`, and store it if it is the best so far.

        Returns:
            giou, ciou and nciou, each in [0, 1], the same in every process.
        """
        answered: list[_Answered] = gather_object(self._answered(self.samples))
        config, cases = self._calibrated(answered)
        metric = MaskIoUMetric()
        for case, each in zip(cases, answered, strict=True):
            is_given = judged_case(case, config.selection, config.calibration).found
            metric.add(each.case.counts if is_given else each.nothing)
        scores = metric.compute()
        if self.process == 0:
            before = stored_scores(self.best)
            if before is None or scores["giou"] > before["giou"]:
                about = {"step": step, "data": self.data.name, **scores}
                self.save(self.best, about, config)
        return scores

    def _calibrated(
        self, answered: Sequence[_Answered]
    ) -> tuple[LLMSegConfig | LisaConfig, list[Case]]:
        """The model's configuration, fitted anew if it was, and the answers are enough.

        Returns:
            The configuration, and the answers as it would give them, but for `min_confidence`.
        """
        config, old = self.pipeline.config, self._calibration
        selection, cases = self._selection, [each.case for each in answered]
        if old is None or sum(case.found for case in cases) < LEAST_QUESTIONS:
            return config, cases
        told = selection.presence is not None
        if told:
            values = [each.presence_values for each in answered]
            if has_enough(cases):
                selection, cases = with_presence(selection, cases, values)
            else:  # the base's stays
                cases = by_presence(selection, cases, values)
            if sum(case.found for case in cases) < LEAST_QUESTIONS:
                return config, cases
        new = fit_calibration(cases, self.data.name)
        least = (least_chance(selection, old, new) if told
                 else trained_minimum(cases, selection, old, new))  # fmt: skip
        return replace(
            config, calibration=new, selection=replace(selection, min_confidence=least)
        ), cases

    def _answered(self, samples: int) -> list[_Answered]:
        """What this process finds among the first `samples`, for every question."""
        indices = range(self.process, min(samples, self.samples), self.processes)
        wording = phrase_question(self.pipeline.config.seg_token)
        unjudged = replace(self._selection, min_confidence=0.0, min_presence=0.0)
        found: list[_Answered] = []
        for sample in ReadableSamples(self.data, self.broken, indices):
            texts = [asked_text(question, wording) for question in sample.questions]
            with mixed_precision(self.pipeline.device, self.bfloat16):
                frame: Any = self.pipeline.encode_frame(sample.image)
                answers = self.pipeline.segment_batch(frame, texts, unjudged)
            given = tuple(Prediction(each.mask, each.confidence, each.reason) for each in answers)
            cases = [each.case for each in judge(sample, SampleAnswers(given)).questions]
            for case, question, answer in zip(cases, sample.questions, answers, strict=True):
                empty = np.zeros_like(question.mask)
                nothing = MaskCounts.of(empty, question.mask, question.ignore)
                found.append(_Answered(case, nothing, self._values(answer)))
        return found

    def _values(self, answer: Segmentation) -> tuple[float, ...] | None:
        """What tells whether anything fits; None where nothing was proposed, or nobody tells it."""
        scores = answer.candidates.scores
        told = self._selection.presence is not None and scores.iop.numel()
        return presence_values(scores) if told else None
