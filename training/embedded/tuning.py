# SPDX-License-Identifier: Apache-2.0
"""Chooses the selection rule and its thresholds on validation scenes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import product

from llmseg_core.config import PAPER_RULES, ExpectedIoU, SelectionConfig, SelectionRule

from ..data import SegmentationData
from ..evaluate import AnswerSource, SweepRow, evaluate
from ..honesty.rule_fit import RuleFit

__all__ = ["candidates", "sweep_candidates", "tune_selection"]

THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8)
CONFIDENCES = (0.0, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
TOP_KS = (2, 3, 5)


def candidates(expected_iou: ExpectedIoU | None = None) -> Iterable[SelectionConfig]:
    """Every setting that is tried.

    Args:
        expected_iou: weights of the rule `expected_iou`; None tries the paper's rules alone.
    """
    if expected_iou is not None:
        rule = SelectionRule.EXPECTED_IOU
        for confidence in CONFIDENCES:
            yield SelectionConfig(rule, min_confidence=confidence, expected_iou=expected_iou)
    for rule in PAPER_RULES:
        thresholds = THRESHOLDS[:1] if rule is SelectionRule.TOP_IOU else THRESHOLDS
        top_ks = TOP_KS if rule is SelectionRule.IOP_AMONG_TOP else TOP_KS[-1:]
        for threshold, top_k, confidence in product(thresholds, top_ks, CONFIDENCES):
            yield SelectionConfig(rule, threshold, top_k, confidence)


def sweep_candidates(
    data: SegmentationData, indices: Sequence[int], source: AnswerSource
) -> Sequence[SweepRow]:
    """How every candidate scores, that of the rule `expected_iou` with weights fitted here.

    Args:
        data: validation scenes.
        indices: those that are asked about.
        source: answers of the model.
    """
    fit = RuleFit(source)
    evaluate(data, fit, indices)
    return evaluate(data, source, indices, tuple(candidates(fit.weights()))).sweep


def tune_selection(
    rows: Sequence[SweepRow], no_target_accuracy: float = 0.82
) -> tuple[SelectionConfig, dict[str, float]]:
    """The setting of the highest gIoU among those that refuse often enough.

    Args:
        rows: scores of settings on validation scenes, such as an evaluation's sweep of all
            `candidates`.
        no_target_accuracy: least share of the questions without a target that must be answered by
            nothing; a setting below it is taken only if none reaches it.

    Returns:
        The setting, the first of several that are as good, and, for each setting by its
        description, its gIoU.

    Raises:
        ValueError: if there are no scores.
    """
    if not rows:
        raise ValueError("no setting was tried on validation scenes, there is nothing to choose")
    best = max(rows, key=lambda row: (_refuses(row, no_target_accuracy), row.scores["giou"]))
    table = {
        f"{row.config.rule.value} iop>{row.config.iop_threshold} k={row.config.top_k} "
        f"confidence>={row.config.min_confidence}": row.scores["giou"]
        for row in rows
    }
    return best.config, table


def _refuses(row: SweepRow, least: float) -> bool:
    """Whether a setting refuses often enough; also where everything has a target."""
    share = row.scores["no_target_accuracy"]
    return math.isnan(share) or share >= least
