# SPDX-License-Identifier: Apache-2.0
"""An evaluation from the first image to the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from accelerate.utils import gather_object
from tqdm import tqdm

from llmseg_core.config import SelectionConfig
from llmseg_core.vlm.prompts import UnaskableError

from ..data import BrokenSampleError, SegmentationData
from ..data.readable import BrokenPolicy, ReadableSamples
from .answers import AnswerSource
from .case import Case
from .judge import judge
from .sweep import Sweep, SweepRow, SweepTerm

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


@dataclass(frozen=True)
class _Answered:
    """One image with everything that an evaluation needs of it; small enough to be sent."""

    index: int
    sample: str
    cases: tuple[Case, ...]
    terms: tuple[SweepTerm, ...]
    object_iou: tuple[float, ...] | None


def evaluate(
    data: SegmentationData,
    source: AnswerSource,
    indices: Sequence[int] | None = None,
    settings: Sequence[SelectionConfig] = (),
    policy: BrokenPolicy = BrokenPolicy.FATAL,
    share: tuple[int, int] = (0, 1),
) -> Evaluation:
    """Answer and judge every question of a data set.

    Several processes may do it together. Each gets the whole evaluation, which is that of one
    process to the last digit.

    Args:
        data: images with questions.
        source: answers them.
        indices: which images; None means all.
        settings: selection rules and thresholds to compare on the same scores.
        policy: what happens when a sample cannot be used.
        share: number of this process, and how many there are.

    Raises:
        BrokenSampleError: for the first sample that cannot be used, if that is fatal.
        ValueError: if there is nothing to evaluate, a score or confidence is no number, or the
            source says so.
    """
    number, count = share
    wanted = range(len(data)) if indices is None else indices
    sweep = Sweep(settings)
    readable = ReadableSamples(data, policy, wanted[number::count])
    own = list(_answered(readable, source, sweep, show=number == 0))
    source.finish()
    broken: list[BrokenSampleError] = list(readable.broken)
    if count > 1:
        own, broken = gather_object(own), gather_object(broken)
        own.sort(key=lambda each: each.index)
        places = {data.sample_name(index): place for place, index in enumerate(wanted)}
        broken.sort(key=lambda error: places[error.sample])
    cases = tuple(case for each in own for case in each.cases)
    if not cases:
        raise ValueError(f"{data.name} has no image that can be evaluated")
    for each in own:
        sweep.add(each.terms)
    objects = [each.object_iou for each in own if each.object_iou is not None]
    return Evaluation(
        data.name,
        cases,
        {each.sample: each.index for each in own},
        tuple(broken),
        tuple(sweep.rows() if settings else []),
        tuple(iou for each in objects for iou in each) if objects else None,
    )


def _answered(
    readable: ReadableSamples, source: AnswerSource, sweep: Sweep, show: bool
) -> Iterator[_Answered]:
    """The images of one process, one after the other."""
    name, total = readable.data.name, len(readable.indices)
    samples = readable.enumerate()
    for index, sample in tqdm(samples, desc=name, total=total, unit="image", disable=not show):
        try:
            answers = source.answer(sample)
        except UnaskableError as error:
            readable.leave_out(BrokenSampleError(name, sample.name, str(error)))
            continue
        judged = judge(sample, answers)
        terms: list[SweepTerm] = []
        if sweep.settings and answers.proposals is not None:
            terms = sweep.measure(answers.proposals, judged.questions)
        cases = tuple(each.case for each in judged.questions)
        yield _Answered(index, sample.name, cases, tuple(terms), judged.object_iou)
