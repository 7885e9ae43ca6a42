# SPDX-License-Identifier: Apache-2.0
"""Sums from which gIoU, cIoU and ncIoU follow, many sets of samples at once."""

from __future__ import annotations

import numpy as np

__all__ = ["SCORES", "ious", "scores_of_sums", "sums"]

SCORES = ("giou", "ciou", "nciou")
"""Names of the columns of `scores_of_sums`."""


def ious(counts: np.ndarray) -> np.ndarray:
    """(...) float64, IoU from (..., 4) counts as `MaskCounts` has them; of two empty masks 1."""
    return _ratio(counts[..., 0], counts[..., 1])


def sums(counts: np.ndarray) -> np.ndarray:
    """What one sample adds to the sums.

    Args:
        counts: (..., 4), the fields of `MaskCounts`.

    Returns:
        (..., 6) float64: 1, the IoU, the counts.
    """
    iou = ious(counts)[..., None]
    return np.concatenate((np.ones_like(iou), iou, counts), -1)


def scores_of_sums(total: np.ndarray) -> np.ndarray:
    """(..., 3) float64, the `SCORES` of samples whose `sums` add up to (..., 6)."""
    count, iou, both, either, small_both, small_either = np.moveaxis(total, -1, 0)
    return np.stack((iou / count, _ratio(both, either), _ratio(small_both, small_either)), -1)


def _ratio(both: np.ndarray, either: np.ndarray) -> np.ndarray:
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)
