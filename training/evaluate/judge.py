# SPDX-License-Identifier: Apache-2.0
"""Compares answers with what is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from llmseg_core.metrics.mask_iou import MaskCounts
from llmseg_core.metrics.overlap import pairwise_iou

from ..data import DataSample
from .answers import SampleAnswers
from .atoms import AtomCounts, ProposalAtoms
from .case import Case

__all__ = ["Judged", "JudgedSample", "judge"]


@dataclass(frozen=True)
class Judged:
    """A case with what a sweep over rules needs.

    Attributes:
        case: the question, judged.
        atoms: how the proposals overlap with the target; None for methods without proposals.
    """

    case: Case
    atoms: AtomCounts | None


@dataclass(frozen=True)
class JudgedSample:
    """All questions about one image, judged.

    Attributes:
        questions: in the sample's order.
        object_iou: for each of the sample's objects the IoU of the best proposal, [0, 1]; None for
            methods without proposals, and where the data set does not name its objects.
    """

    questions: tuple[Judged, ...]
    object_iou: tuple[float, ...] | None


def judge(sample: DataSample, answers: SampleAnswers) -> JudgedSample:
    """Judge the answers to every question about one image; ignored pixels count nowhere.

    Raises:
        ValueError: if a mask has another size than the image, answers are missing, or a score or
            confidence is no number.
    """
    answers.check(sample.name)
    proposals = None if answers.proposals is None else answers.proposals.full_masks
    atoms = None if proposals is None else ProposalAtoms(proposals)
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
            phrasing=question.phrasing,
            targets=question.targets,
            presence=prediction.presence,
        )
        judged.append(Judged(case, counts))
    return JudgedSample(tuple(judged), _object_iou(sample, proposals))


def _object_iou(sample: DataSample, proposals: np.ndarray | None) -> tuple[float, ...] | None:
    if proposals is None or sample.objects is None:
        return None
    if not len(proposals) or not sample.objects:
        return (0.0,) * len(sample.objects)
    objects = torch.from_numpy(np.stack(sample.objects))
    return tuple(pairwise_iou(torch.from_numpy(proposals), objects).amax(0).tolist())
