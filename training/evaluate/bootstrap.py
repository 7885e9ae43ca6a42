# SPDX-License-Identifier: Apache-2.0
"""How far scores would move with other images of the same kind: percentile bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np

from .case import Case
from .sums import SCORES, scores_of_sums, sums

__all__ = ["bootstrap_intervals"]

BLOCK = 100
"""resamples at a time, so that memory stays small"""


def bootstrap_intervals(
    cases: Sequence[Case], resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """Intervals of gIoU, cIoU and ncIoU.

    Images are drawn, not questions: questions about one image are no independent evidence.

    Args:
        cases: judged questions.
        resamples: how often the images are drawn anew.
        seed: of the draws.
        level: share of the resamples within the interval, (0, 1).

    Returns:
        giou, ciou, nciou: lower and upper end; NaN if there are fewer than two images.

    Raises:
        ValueError: if a number makes no sense.
    """
    if resamples < 1:
        raise ValueError(f"resamples is {resamples}, it must be at least 1")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}, it must be between 0 and 1")
    images = _sums_by_image(cases)
    if len(images) < 2:
        return dict.fromkeys(SCORES, (float("nan"), float("nan")))
    rng = np.random.default_rng(seed)
    drawn = []
    for start in range(0, resamples, BLOCK):
        size = min(BLOCK, resamples - start)
        weights = rng.multinomial(len(images), np.full(len(images), 1 / len(images)), size=size)
        drawn.append(scores_of_sums(weights @ images))
    ends = np.quantile(np.concatenate(drawn), ((1 - level) / 2, (1 + level) / 2), axis=0)
    return {
        name: (float(ends[0, column]), float(ends[1, column])) for column, name in enumerate(SCORES)
    }


def _sums_by_image(cases: Sequence[Case]) -> np.ndarray:
    """(N, 6) float64, `sums` of the questions about each of N images."""
    rows = {name: row for row, name in enumerate(dict.fromkeys(case.sample for case in cases))}
    each = sums(np.array([astuple(case.counts) for case in cases]).reshape(-1, 4))
    total = np.zeros((len(rows), each.shape[1]))
    np.add.at(total, [rows[case.sample] for case in cases], each)
    return total
