"""Chooses the selection rule and its thresholds on validation scenes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np

from llmseg_core.config import SelectionConfig, SelectionRule
from llmseg_core.selection import select

from .evaluation import SceneAnswers

__all__ = ["mean_iou", "tune_selection"]

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
CONFIDENCES = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6)


def candidates() -> Iterable[SelectionConfig]:
    """Every setting that is tried."""
    for rule, threshold, confidence in product(SelectionRule, THRESHOLDS, CONFIDENCES):
        if rule is SelectionRule.TOP_IOU and threshold != THRESHOLDS[0]:
            continue  # this rule has no threshold
        yield SelectionConfig(rule, iop_threshold=threshold, top_k=5, min_confidence=confidence)


def mean_iou(scenes: Sequence[SceneAnswers], config: SelectionConfig) -> tuple[float, float]:
    """GIoU over all questions, and the share of questions without a target that were refused."""
    ious, refused = [], []
    for scene in scenes:
        masks = scene.frame.proposals.masks.flatten(1).cpu().numpy()
        for answer in scene.answers:
            indices = list(select(answer.segmentation.scores, config).indices)
            union = masks[indices].any(0)
            target = answer.target.ravel()
            either = np.count_nonzero(union | target)
            ious.append(np.count_nonzero(union & target) / either if either else 1.0)
            if not answer.has_target:
                refused.append(not indices)
    return float(np.mean(ious)), float(np.mean(refused)) if refused else 1.0


def tune_selection(
    scenes: Sequence[SceneAnswers], least_no_target_accuracy: float = 0.85
) -> tuple[SelectionConfig, dict[str, float]]:
    """The setting of the highest gIoU among those that refuse often enough.

    Args:
        scenes: answered validation scenes; their scores are used, their masks are not.
        least_no_target_accuracy: a setting below it is taken only if none reaches it.

    Returns:
        The setting and, for each setting by its description, its gIoU.
    """
    results = {config: mean_iou(scenes, config) for config in candidates()}
    best = max(results, key=lambda c: (results[c][1] >= least_no_target_accuracy, results[c][0]))
    table = {
        f"{c.rule.value} iop>{c.iop_threshold} confidence>={c.min_confidence}": giou
        for c, (giou, _) in results.items()
    }
    return best, table
