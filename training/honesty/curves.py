# SPDX-License-Identifier: Apache-2.0
"""Fits the curves that turn a method's scores into chances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from llmseg_core.config import Calibration, ChanceCurve
from llmseg_core.config.calibration import SHARPEST

from ..evaluate.case import Case
from ..evaluate.reliability import is_right

__all__ = ["LEAST_QUESTIONS", "cross_calibrated", "fit_calibration", "fit_curve"]

LEAST_QUESTIONS = 20
"""fewer say too little about a curve"""
DIGITS = 6
"""of the numbers of a curve"""


def fit_curve(scores: np.ndarray, happened: np.ndarray) -> ChanceCurve:
    """The curve of greatest likelihood that never falls.

    One case of each kind, half of each, is added for every score, as Platt (1999) does, so that a
    few questions that all went well do not make certainty.

    Args:
        scores: (N,) float in [0, 1].
        happened: (N,) bool, what is to be told from the scores.
    """
    inside = np.clip(np.asarray(scores, dtype=np.float64), SHARPEST, 1 - SHARPEST)
    columns = np.stack((np.log(inside), -np.log1p(-inside), np.ones(len(inside))), 1)
    often, seldom = int(happened.sum()), int((~happened).sum())
    target = np.where(happened, (often + 1) / (often + 2), 1 / (seldom + 2))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        logits = columns @ weights
        chance = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
        value = float(np.sum(np.logaddexp(0, logits) - target * logits))
        return value, columns.T @ (chance - target)

    bounds = [(0, None), (0, None), (None, None)]
    found = minimize(loss, np.array((1.0, 1.0, 0.0)), jac=True, method="L-BFGS-B", bounds=bounds)
    return ChanceCurve(*(round(float(weight), DIGITS) for weight in found.x))


def fit_calibration(cases: Sequence[Case], data: str) -> Calibration:
    """The calibration of answers that were taken however unsure they were.

    Args:
        cases: judged questions, whose confidence is the method's own score.
        data: what they are about, for people.

    Raises:
        ValueError: if there are too few questions, or masks among the answers.
    """
    cases = [case for case in cases if case.confidence is not None]
    masks = [case for case in cases if case.found]
    if len(masks) < LEAST_QUESTIONS:
        raise ValueError(
            f"{len(masks)} of {len(cases)} questions were answered by a mask, a calibration needs "
            f"at least {LEAST_QUESTIONS}"
        )
    # where presence refused, the confidence is what that leaves, and no score
    scored = [case for case in cases if case.found or case.presence is None]
    return Calibration(
        right=fit_curve(_scores(masks), np.array([is_right(case) for case in masks])),
        fits=fit_curve(_scores(scored), np.array([case.has_target for case in scored])),
        data=data,
        questions=len(cases),
    )


def cross_calibrated(cases: Sequence[Case], folds: int = 5) -> list[tuple[Case, Calibration]]:
    """Every case with a calibration that was fitted on the questions about other images.

    Args:
        cases: as `fit_calibration` takes them.
        folds: parts that the images are divided into, one after the other.
    """
    images = {name: row for row, name in enumerate(dict.fromkeys(case.sample for case in cases))}
    result = []
    for fold in range(min(folds, len(images))):
        others = [case for case in cases if images[case.sample] % folds != fold]
        calibration = fit_calibration(others, "")
        result += [(case, calibration) for case in cases if images[case.sample] % folds == fold]
    return result


def _scores(cases: Sequence[Case]) -> np.ndarray:
    return np.array([case.confidence for case in cases], dtype=np.float64)
