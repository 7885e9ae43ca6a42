# SPDX-License-Identifier: Apache-2.0
"""An evaluation from the first image to the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tqdm import tqdm

from llmseg_core.config import SelectionConfig
from llmseg_core.vlm.prompts import UnaskableError

from ..data import BrokenSampleError, SegmentationData
from ..data.readable import BrokenPolicy, ReadableSamples
from .answers import AnswerSource
from .case import Case
from .judge import judge
from .sweep import Sweep, SweepRow

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        data: name of the data set.
        cases: every question, judged.
        indices: by the name of a sample its index in the data.
        broken: what was wrong with samples that were left out.
        sweep: scores of every setting that was tried.
        object_iou: for every object of every image the IoU of the best proposal; None where the
            data set does not name its objects, or the method has no proposals.
    """

    data: str
    cases: tuple[Case, ...]
    indices: dict[str, int]
    broken: tuple[BrokenSampleError, ...]
    sweep: tuple[SweepRow, ...]
    object_iou: tuple[float, ...] | None = None


def evaluate(
    data: SegmentationData,
    source: AnswerSource,
    indices: Sequence[int] | None = None,
    settings: Sequence[SelectionConfig] = (),
    policy: BrokenPolicy = BrokenPolicy.FATAL,
) -> Evaluation:
    """Answer and judge every question of a data set.

    Args:
        data: images with questions.
        source: answers them.
        indices: which images; None means all.
        settings: selection rules and thresholds to compare on the same scores.
        policy: what happens when a sample cannot be used.

    Raises:
        BrokenSampleError: for the first sample that cannot be read, if that is fatal.
        ValueError: if there is nothing to evaluate, a score or confidence is no number, or the
            source says so.
    """
    cases: list[Case] = []
    found: dict[str, int] = {}
    object_iou: list[float] | None = None
    sweep = Sweep(settings)
    readable = ReadableSamples(data, policy, indices)
    total = len(readable.indices)
    for index, sample in tqdm(readable.enumerate(), desc=data.name, total=total, unit="image"):
        try:
            answers = source.answer(sample)
        except UnaskableError as error:
            readable.leave_out(BrokenSampleError(data.name, sample.name, str(error)))
            continue
        judged = judge(sample, answers)
        cases.extend(each.case for each in judged.questions)
        found[sample.name] = index
        if judged.object_iou is not None:
            object_iou = object_iou or []
            object_iou.extend(judged.object_iou)
        if settings and answers.proposals is not None:
            sweep.add(answers.proposals, judged.questions)
    source.finish()
    if not cases:
        raise ValueError(f"{data.name} has no image that can be evaluated")
    rows = sweep.rows() if settings else []
    return Evaluation(
        data.name,
        tuple(cases),
        found,
        tuple(readable.broken),
        tuple(rows),
        None if object_iou is None else tuple(object_iou),
    )
