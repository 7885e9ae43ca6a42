# SPDX-License-Identifier: Apache-2.0
"""How well confidences are chances: how often answers are right that claim to be as sure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .case import Case

__all__ = ["RIGHT_IOU", "auroc", "calibration_error", "is_right", "reliability"]

RIGHT_IOU = 0.5
"""IoU from which an answer is right; it is 1 where rightly nothing was found"""
BINS = 10
"""of confidences, equally wide"""


def is_right(case: Case) -> bool:
    """Whether an answer is right: its mask is, or it is "nothing fits" and nothing does."""
    return case.iou >= RIGHT_IOU


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error (Guo et al., ICML 2017) in ten bins of equal width.

    Args:
        confidence: (N,) float in [0, 1].
        right: (N,) bool.

    Returns:
        The mean distance between how sure answers are and how often they are right, [0, 1].
    """
    sums = _bin_sums(confidence, right)
    return float(np.abs(sums[:, 1] - sums[:, 2]).sum() / len(confidence))


def reliability(cases: Sequence[Case], resamples: int = 2000, seed: int = 0) -> dict[str, Any]:
    """What confidences are worth.

    Args:
        cases: judged questions; those without a confidence are left out.
        resamples: of the interval; images are drawn anew, not questions.
        seed: of the draws.

    Returns:
        count, ece, ece_interval ([low, high], 95 %), brier, mean_confidence, right (share), auroc
        (of confidence for being right, NaN if all or none is), and bins: objects with low, high,
        count, confidence and right (means). Empty if no case has a confidence.
    """
    known = [case for case in cases if case.confidence is not None]
    if not known:
        return {}
    confidence = np.array([case.confidence for case in known], dtype=np.float64)
    right = np.array([is_right(case) for case in known])
    edges = np.linspace(0, 1, BINS + 1)
    bins = [
        {"low": low, "high": high, "count": int(count), "confidence": sure / count,
         "right": true / count}
        for (count, sure, true), low, high in zip(
            _bin_sums(confidence, right).tolist(), edges[:-1].tolist(), edges[1:].tolist(),
            strict=True)
        if count
    ]  # fmt: skip
    return {
        "count": len(known),
        "ece": calibration_error(confidence, right),
        "ece_interval": _interval(known, confidence, right, resamples, seed),
        "brier": float(np.mean((confidence - right) ** 2)),
        "mean_confidence": float(confidence.mean()),
        "right": float(right.mean()),
        "auroc": auroc(confidence[~right], confidence[right]),
        "bins": bins,
    }


def auroc(low: np.ndarray, high: np.ndarray) -> float:
    """How often a number of `high` is above one of `low`, ties half; NaN if one is empty."""
    if not len(low) or not len(high):
        return float("nan")
    both = np.concatenate((low, high))
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    total = ranks[len(low) :].sum() - len(high) * (len(high) + 1) / 2
    return float(total / (len(low) * len(high)))


def _bin_sums(confidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(BINS, 3) float64: count, sum of confidences and number of right answers of each bin."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    weights = (np.ones(len(confidence)), confidence, right.astype(np.float64))
    return np.stack([np.bincount(place, each, minlength=BINS) for each in weights], 1)


def _interval(
    cases: Sequence[Case], confidence: np.ndarray, right: np.ndarray, resamples: int, seed: int
) -> list[float]:
    """Both ends of the middle 95 % of the errors of drawn images; NaN of fewer than two."""
    names = {name: row for row, name in enumerate(dict.fromkeys(case.sample for case in cases))}
    if len(names) < 2:
        return [float("nan")] * 2
    image = np.array([names[case.sample] for case in cases])
    sums = np.zeros((len(names), BINS, 3))
    for row in range(len(names)):
        own = image == row
        sums[row] = _bin_sums(confidence[own], right[own])
    rng, errors = np.random.default_rng(seed), []
    for _ in range(resamples):
        drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)))
        total = np.tensordot(drawn, sums, 1)
        errors.append(np.abs(total[:, 1] - total[:, 2]).sum() / total[:, 0].sum())
    return [float(end) for end in np.quantile(errors, (0.025, 0.975))]
