# SPDX-License-Identifier: Apache-2.0
"""Scores a model while it is trained, by the pipeline that will use it, and keeps the best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

from accelerate.utils import gather_object

from llmseg_core.methods.lisa import Lisa
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.metrics.mask_iou import MaskCounts, MaskIoUMetric

from ..data import BrokenPolicy, ReadableSamples, SegmentationData
from ..evaluate.asking import asked_text, phrase_question
from .directory import stored_scores
from .objective import mixed_precision

__all__ = ["AdapterValidation"]

CHECKED = 2
"""samples a process is asked about before the first step, so that a fault shows at once"""


class AdapterValidation:
    """Asks a pipeline about validation data; every process takes its share.

    Args:
        pipeline: around the networks that learn.
        data: images with questions.
        best: directory of the best model so far.
        save: writes the model to a directory, with its scores; called in the first process alone.
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
        save: Callable[[Path, dict[str, Any]], None],
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

    def check(self) -> None:
        """Ask about a few samples and forget the answers."""
        self._counts(CHECKED * self.processes)

    def run(self, step: int) -> dict[str, float]:
        """Score the model as it is after `step`, and store it if it is the best so far.

        Returns:
            giou, ciou and nciou, each in [0, 1], the same in every process.
        """
        metric = MaskIoUMetric()
        for counts in gather_object([astuple(counts) for counts in self._counts(self.samples)]):
            metric.add(MaskCounts(*counts))
        scores = metric.compute()
        if self.process == 0:
            before = stored_scores(self.best)
            if before is None or scores["giou"] > before["giou"]:
                self.save(self.best, {"step": step, "data": self.data.name, **scores})
        return scores

    def _counts(self, samples: int) -> list[MaskCounts]:
        """What this process finds among the first `samples`."""
        indices = range(self.process, min(samples, self.samples), self.processes)
        wording = phrase_question(self.pipeline.config.seg_token)
        found: list[MaskCounts] = []
        for sample in ReadableSamples(self.data, self.broken, indices):
            texts = [asked_text(question, wording) for question in sample.questions]
            with mixed_precision(self.pipeline.device, self.bfloat16):
                frame: Any = self.pipeline.encode_frame(sample.image)
                answers = self.pipeline.segment_batch(frame, texts)
            found.extend(
                MaskCounts.of(answer.mask, question.mask, question.ignore)
                for answer, question in zip(answers, sample.questions, strict=True)
            )
        return found
