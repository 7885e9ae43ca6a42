# SPDX-License-Identifier: Apache-2.0
"""Scores of judged questions: gIoU, cIoU, ncIoU, bounds and refusals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from llmseg_core.metrics.mask_iou import MaskIoUMetric

from .case import Case

__all__ = ["proposal_miou", "score_cases"]


def score_cases(cases: Sequence[Case]) -> dict[str, float]:
    """Scores of a set of answers.

    Args:
        cases: at least one.

    Returns:
        count; giou, ciou, nciou over all questions (an empty mask where nothing fits counts 1, any
        other mask there 0); oracle_giou, the best single proposal for every question;
        oracle_union_giou, the best greedy union of proposals; random_giou, a proposal drawn at
        random; no_target_accuracy, the share of questions without a target that were answered by
        nothing, and target_recall, the share of the others that were answered by something. What
        is said of no question is NaN.

    Raises:
        ValueError: if there is no case.
    """
    metric = MaskIoUMetric()
    for case in cases:
        metric.add(case.counts)
    bounds = [case.bounds for case in cases if case.bounds is not None]
    return {
        "count": len(cases),
        **metric.compute(),
        "oracle_giou": _mean(bound.best for bound in bounds),
        "oracle_union_giou": _mean(bound.union for bound in bounds),
        "random_giou": _mean(bound.random for bound in bounds),
        "no_target_accuracy": _mean(not case.found for case in cases if not case.has_target),
        "target_recall": _mean(case.found for case in cases if case.has_target),
    }


def proposal_miou(cases: Iterable[Case], object_iou: Iterable[float] | None = None) -> float:
    """Mean IoU of the best single proposal of each thing; NaN without proposals.

    Args:
        cases: of the questions.
        object_iou: of all objects of all images; None takes the questions with a target instead.
    """
    if object_iou is not None:
        return _mean(object_iou)
    return _mean(case.bounds.best for case in cases if case.bounds and case.has_target)


def _mean(numbers: Iterable[float]) -> float:
    values = list(numbers)
    return float(np.mean(values)) if values else float("nan")
