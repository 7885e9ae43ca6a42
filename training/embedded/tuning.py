# SPDX-License-Identifier: Apache-2.0
"""Chooses the selection rule and its thresholds on validation scenes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np

from llmseg_core.config import SelectionConfig, SelectionRule

from ..evaluate import ProposalAtoms, taken_proposals
from ..evaluate.scene_answers import SceneAnswers

__all__ = ["candidates", "tune_selection"]

THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8)
CONFIDENCES = (0.0, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7)
TOP_KS = (2, 3, 5)


def candidates() -> Iterable[SelectionConfig]:
    """Every setting that is tried."""
    for rule in SelectionRule:
        thresholds = THRESHOLDS[:1] if rule is SelectionRule.TOP_IOU else THRESHOLDS
        top_ks = TOP_KS if rule is SelectionRule.IOP_AMONG_TOP else TOP_KS[-1:]
        for threshold, top_k, confidence in product(thresholds, top_ks, CONFIDENCES):
            yield SelectionConfig(rule, threshold, top_k, confidence)


def tune_selection(
    scenes: Iterable[SceneAnswers], no_target_accuracy: float = 0.82
) -> tuple[SelectionConfig, dict[str, float]]:
    """The setting of the highest gIoU among those that refuse often enough.

    Args:
        scenes: answered validation scenes, one at a time; their scores are used, their masks not.
        no_target_accuracy: least share of the questions without a target that must be answered by
            nothing; a setting below it is taken only if none reaches it.

    Returns:
        The setting and, for each setting by its description, its gIoU.

    Raises:
        ValueError: if nothing was asked.
    """
    settings = tuple(candidates())
    ious: list[np.ndarray] = []
    refused: list[np.ndarray] = []
    for scene in scenes:
        atoms = ProposalAtoms(scene.frame.proposals.masks.cpu().numpy())
        for answer in scene.answers:
            taken = taken_proposals(answer.segmentation.candidates.scores, settings)
            ious.append(atoms.count(answer.target).iou(taken))
            if not answer.has_target:
                refused.append(np.logical_not(taken.any(1)))
    if not ious:
        raise ValueError("nothing was asked about the validation scenes, there is nothing to tune")
    giou = np.mean(ious, 0)
    enough = np.mean(refused, 0) >= no_target_accuracy if refused else np.ones(len(giou), bool)
    best = max(range(len(settings)), key=lambda index: (enough[index], giou[index]))
    table = {
        f"{each.rule.value} iop>{each.iop_threshold} k={each.top_k} "
        f"confidence>={each.min_confidence}": float(value)
        for each, value in zip(settings, giou, strict=True)
    }
    return settings[best], table
