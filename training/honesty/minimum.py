# SPDX-License-Identifier: Apache-2.0
"""Chooses `min_confidence`: below it nothing fits, says the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmseg_core.config import Calibration, SelectionConfig

from ..evaluate.case import Case
from .curves import LEAST_QUESTIONS

__all__ = ["best_minimum", "least_chance", "least_score", "trained_minimum"]

MINIMA = (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
"""scores below which nothing is answered: what is tried"""


def best_minimum(cases: Sequence[Case]) -> float:
    """The `min_confidence` of the highest gIoU, of those that are tried; the least of equal ones.

    Args:
        cases: judged answers that were taken however unsure, by the method's own score.
    """
    found, score, iou = (
        np.array(column)
        for column in zip(
            *((case.found, case.confidence or 0.0, case.iou) for case in cases), strict=True
        )
    )
    refused = np.array([not case.has_target for case in cases])
    worth = [np.where(found & (score >= least), iou, refused).mean() for least in MINIMA]
    return MINIMA[int(np.argmax(worth))]


def trained_minimum(
    cases: Sequence[Case], selection: SelectionConfig, old: Calibration | None, new: Calibration
) -> float:
    """The `min_confidence` of a model that has learned, as a chance.

    Args:
        cases: judged answers that were taken however unsure, by the method's own score.
        selection: of the model before; without enough questions that nothing fits, the same score
            is the least as then.
        old: calibration of the model before.
        new: fitted on the cases.
    """
    if sum(not case.has_target for case in cases) < LEAST_QUESTIONS:
        return least_chance(selection, old, new)
    least = best_minimum(cases)
    return new.of_mask(least) if least > 0 else 0.0


def least_chance(selection: SelectionConfig, old: Calibration | None, new: Calibration) -> float:
    """What `min_confidence` must be for the same answers to be dropped as before."""
    least = least_score(selection, old)
    return new.of_mask(least) if least > 0 else 0.0


def least_score(selection: SelectionConfig, calibration: Calibration | None) -> float:
    """`min_confidence` as a method's own score."""
    least = selection.min_confidence
    if calibration is None or least == 0:
        return least
    return calibration.right.score_at(least)
