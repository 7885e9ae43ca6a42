# SPDX-License-Identifier: Apache-2.0
"""Fits how it is told whether anything fits, on questions not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from llmseg_core.config import Presence, SelectionConfig
from llmseg_core.selector.presence import presence_values

from ..data import DataSample
from ..evaluate.answers import AnswerSource, SampleAnswers
from ..evaluate.case import Case
from .curves import LEAST_QUESTIONS
from .standardised import Loss, fit_standardised

__all__ = ["PresenceValues", "by_presence", "fit_presence", "has_enough", "with_presence"]

RIDGE = 1.5
"""of the squared weights of values over their deviations, beside the sum over all questions"""
MINIMA = np.arange(0.0, 0.96, 0.01)
"""chances below which nothing is answered: what is tried"""
MASKS_LEFT = 2 * LEAST_QUESTIONS
"""fewer cannot be calibrated, with some of them left out in turn"""


class PresenceValues:
    """Answers of a model, of whose scores is kept on their way what tells whether anything fits.

    Args:
        source: the model's answers, with proposals and scores.
    """

    def __init__(self, source: AnswerSource) -> None:
        self.source = source
        self.values: list[tuple[float, ...] | None] = []
        """of each question in turn; None where nothing was proposed"""

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`; the proposals are left out, whose measuring takes longest.

        Raises:
            ValueError: if the method has no proposals.
        """
        answers = self.source.answer(sample)
        if answers.proposals is None:
            raise ValueError("presence is told by scores of proposals, and here are none")
        scores = answers.proposals.scores
        some = len(answers.proposals.masks) > 0
        for row in range(len(answers.predictions)):
            self.values.append(presence_values(scores[row]) if some else None)
        return SampleAnswers(answers.predictions)

    def finish(self) -> None:
        """See `AnswerSource`."""
        self.source.finish()


def has_enough(cases: Sequence[Case]) -> bool:
    """Whether to enough questions something fits, and to enough nothing, to tell them apart."""
    present = sum(case.has_target for case in cases)
    return min(present, len(cases) - present) >= LEAST_QUESTIONS


def with_presence(
    selection: SelectionConfig,
    cases: Sequence[Case],
    values: Sequence[tuple[float, ...] | None],
    no_target_accuracy: float = 0.0,
) -> tuple[SelectionConfig, list[Case]]:
    """A selection that tells whether anything fits, and how it would have answered.

    Args:
        selection: of the model; its `min_confidence` becomes 0, as presence takes its place.
        cases: answers that were taken however unsure, and however unlikely anything fits.
        values: of each case; None where nothing was proposed.
        no_target_accuracy: least share of the questions that nothing fits that must be answered so,
            if any `min_presence` can.

    Returns:
        The selection, with the `min_presence` of the highest gIoU, the least of equal ones, that
        refuses often enough and leaves enough masks to calibrate; and the cases by it, each with
        its chance, those below `min_presence` without their masks.

    Raises:
        ValueError: if there are too few questions of a kind (see `has_enough`).
    """
    if not has_enough(cases):
        present = sum(case.has_target for case in cases)
        raise ValueError(
            f"to {present} of {len(cases)} questions something fits, to {len(cases) - present} "
            f"nothing: at least {LEAST_QUESTIONS} of each are needed to tell them apart"
        )
    known = [(case, row) for case, row in zip(cases, values, strict=True) if row is not None]
    seen = np.array([row for _, row in known])
    presence = fit_presence(seen, np.array([case.has_target for case, _ in known]))
    free = replace(selection, presence=presence, min_presence=0.0, min_confidence=0.0)
    told = by_presence(free, cases, values)
    chosen = replace(free, min_presence=_best_minimum(told, no_target_accuracy))
    return chosen, by_presence(chosen, cases, values)


def by_presence(
    selection: SelectionConfig,
    cases: Sequence[Case],
    values: Sequence[tuple[float, ...] | None],
) -> list[Case]:
    """Each case with its chance that anything fits, those below `min_presence` without masks.

    Args:
        selection: of a model that tells that chance.
        cases: answers that were taken however unlikely anything fits.
        values: of each case; None where nothing was proposed.
    """
    assert selection.presence is not None
    told = [
        case if seen is None else replace(case, presence=selection.presence.chance(seen))
        for case, seen in zip(cases, values, strict=True)
    ]
    least = selection.min_presence
    return [case.unanswered() if _is_refused(case, least) else case for case in told]


def fit_presence(values: np.ndarray, fits: np.ndarray) -> Presence:
    """The logistic regression of greatest likelihood.

    Args:
        values: (N, 7) float64, see `presence_values`.
        fits: (N,) bool, whether anything fits.
    """

    def loss_of(columns: np.ndarray) -> Loss:
        def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
            logits = columns @ weights
            chance = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
            value = float(np.sum(np.logaddexp(0, logits) - fits * logits))
            held = np.append(weights[:-1], 0.0)
            return value + RIDGE * held @ held, columns.T @ (chance - fits) + 2 * RIDGE * held

        return loss

    return Presence(*fit_standardised(values, loss_of))


def _best_minimum(cases: Sequence[Case], no_target_accuracy: float) -> float:
    """The `min_presence` of the highest gIoU among those that are possible."""
    iou = np.array([case.iou for case in cases])
    found = np.array([case.found for case in cases])
    nothing = np.array([not case.has_target for case in cases])
    best, rank = 0.0, (False, -1.0)
    for least in MINIMA:
        refused = np.array([_is_refused(case, least) for case in cases])
        left = found & ~refused
        if refused.any() and left.sum() < MASKS_LEFT:
            break
        refuses = bool((~left)[nothing].mean() >= no_target_accuracy)
        worth = refuses, float(np.where(refused, nothing, iou).mean())
        if worth > rank:
            best, rank = float(least), worth
    return round(best, 2)


def _is_refused(case: Case, least: float) -> bool:
    """Whether a `min_presence` takes an answer back."""
    return case.found and case.presence is not None and case.presence < least
