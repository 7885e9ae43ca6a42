# SPDX-License-Identifier: Apache-2.0
"""Compares answers with what is right."""

from __future__ import annotations

from dataclasses import dataclass

from llmseg_core.metrics.mask_iou import MaskCounts

from ..data import DataSample
from .answers import SampleAnswers
from .atoms import AtomCounts, ProposalAtoms
from .case import Case

__all__ = ["Judged", "judge"]


@dataclass(frozen=True)
class Judged:
    """A case with what a sweep over rules needs.

    Attributes:
        case: the question, judged.
        atoms: how the proposals overlap with the target; None for methods without proposals.
    """

    case: Case
    atoms: AtomCounts | None


def judge(sample: DataSample, answers: SampleAnswers) -> list[Judged]:
    """Judge the answers to every question about one image; ignored pixels count nowhere.

    Raises:
        ValueError: if a mask has another size than the image, or answers are missing.
    """
    proposals = answers.proposals
    atoms = None if proposals is None else ProposalAtoms(proposals.full_masks)
    judged = []
    for index, (question, prediction) in enumerate(
        zip(sample.questions, answers.predictions, strict=True)
    ):
        counts = None if atoms is None else atoms.count(question.mask, question.ignore)
        case = Case(
            sample=sample.name,
            question=index,
            text=question.text,
            kind=question.kind.value,
            category=question.category,
            has_target=bool(question.mask.any()),
            found=prediction.found,
            counts=MaskCounts.of(prediction.mask, question.mask, question.ignore),
            confidence=prediction.confidence,
            bounds=None if counts is None else counts.bounds(),
        )
        judged.append(Judged(case, counts))
    return judged
