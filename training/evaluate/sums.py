# SPDX-License-Identifier: Apache-2.0
"""Sums from which gIoU, cIoU and ncIoU follow, many sets of samples at once."""

from __future__ import annotations

import numpy as np

from llmseg_core.metrics.mask_iou import iou_of_counts

__all__ = ["SCORES", "ious", "scores_of_sums", "sums"]

SCORES = ("giou", "ciou", "nciou")
"""Names of the columns of `scores_of_sums`."""


def ious(counts: np.ndarray) -> np.ndarray:
    """(...) float64, IoU from (..., 4) counts as `MaskCounts` has them; of two empty masks 1."""
    return iou_of_counts(counts[..., 0], counts[..., 1])


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
    ciou, nciou = iou_of_counts(both, either), iou_of_counts(small_both, small_either)
    return np.stack((iou / count, ciou, nciou), -1)
