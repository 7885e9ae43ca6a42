# SPDX-License-Identifier: Apache-2.0
"""The selection rules: from scores to the proposals taken (paper Table 3, and one of our own)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from llmseg_core.config import Calibration, SelectionConfig, SelectionRule
from llmseg_core.types import ProposalScores, Selection

from .expected_iou import best_answer
from .presence import chance_of_presence

__all__ = ["chance_of_mask", "judged", "select", "union_mask"]


def select(
    scores: ProposalScores,
    masks: Tensor,
    config: SelectionConfig,
    calibration: Calibration | None = None,
) -> Selection:
    """Take proposals for one instruction.

    Nothing is taken where the chance that anything fits is below `min_presence`. An answer whose
    confidence is below `min_confidence` is dropped (see `judged`). Its score is the highest
    predicted IoP among the proposals taken; under `expected_iou` it is the expected IoU.

    Args:
        scores: of one instruction, (1, K) on the CPU; K may be 0.
        masks: (K, h, w) bool, the proposals; only `expected_iou` looks at them.
        config: the rule and its thresholds.
        calibration: of the model; None leaves confidences as the scores.

    Returns:
        The proposals taken, highest IoP first, or the reason why there are none. The score of no
        proposal at all is 0.

    Raises:
        ValueError: if the scores are of several instructions, or one is no finite number.
    """
    if len(scores.iop) != 1:
        raise ValueError(f"the scores are of {len(scores.iop)} instructions, they must be of one")
    iou_score, iop = scores.iou_score[0], scores.iop[0]
    if not (iou_score.isfinite() & iop.isfinite()).all():
        raise ValueError(
            "the scores hold NaN or infinity, they must be finite: the weights are broken or too "
            'large for float16 (use dtype "bfloat16" or "float32")'
        )
    if not len(iop):
        return judged((), 0.0, "nothing was proposed in this image", config, calibration)
    there = None if config.presence is None else chance_of_presence(scores, config.presence)
    if there is not None and there < config.min_presence:
        reason = f"the chance that anything fits, {there:.2f}, is below {config.min_presence:g}"
        return judged((), 0.0, reason, config, calibration, there)
    if config.expected_iou is not None and config.rule is SelectionRule.EXPECTED_IOU:
        answer, score = best_answer(scores, masks, config.expected_iou)
        by_iop = sorted(answer, key=lambda each: -float(iop[each]))
        return judged(tuple(by_iop), score, "", config, calibration, there)
    taken = _RULES[config.rule](iou_score, iop, config)
    order = iop.argsort(descending=True, stable=True)
    indices = order[taken[order]].tolist()
    score = float(iop[taken].max() if indices else iop.max())
    among = f" of the {config.top_k} highest ranked" * (config.rule is _AMONG_TOP)
    reason = f"no proposal{among} has an IoP above {config.iop_threshold:g}"
    if chance_of_mask(score, calibration) < config.min_confidence:
        reason = _too_unsure(score, config, calibration)
    return judged(tuple(indices), score, reason, config, calibration, there)


def judged(
    indices: tuple[int, ...],
    score: float,
    reason: str,
    config: SelectionConfig,
    calibration: Calibration | None,
    presence: float | None = None,
) -> Selection:
    """The answer of a method that would take some candidates, if it is sure enough.

    Args:
        indices: what it would take, best first; empty if nothing.
        score: how sure it is by its own reckoning that something fits, [0, 1].
        reason: why it would take nothing.
        config: its `min_confidence` counts.
        calibration: of the model. Without one the confidence is the score, of a dropped answer
            too; with one it is the chance that the answer is right, be it a mask or nothing.
        presence: the chance that anything fits, where the method tells it: what it leaves is the
            confidence of nothing.
    """
    if indices:
        sure = chance_of_mask(score, calibration)
        if sure >= config.min_confidence:
            return Selection(indices, sure, presence=presence)
        reason = _too_unsure(score, config, calibration)
    if presence is not None:
        nothing = 1 - presence
    else:
        nothing = score if calibration is None else calibration.of_nothing(score)
    return Selection((), nothing, reason, presence)


def chance_of_mask(score: float, calibration: Calibration | None) -> float:
    """The confidence of a mask, [0, 1]: its score, or the chance that a calibration makes of it."""
    return score if calibration is None else calibration.of_mask(score)


def _too_unsure(score: float, config: SelectionConfig, calibration: Calibration | None) -> str:
    sure = chance_of_mask(score, calibration)
    return f"confidence {sure:.2f} is below {config.min_confidence:g}"


def union_mask(masks: Tensor, selection: Selection) -> Tensor:
    """The pixels of any selected proposal.

    Args:
        masks: (K, H, W) bool.
        selection: indices into K.

    Returns:
        (H, W) bool, empty if nothing was selected.
    """
    union = torch.zeros(masks.shape[1:], dtype=torch.bool, device=masks.device)
    for index in selection.indices:
        union |= masks[index]
    return union


def _top_iou(iou_score: Tensor, iop: Tensor, config: SelectionConfig) -> Tensor:
    return _top(iou_score, 1)


def _iop(iou_score: Tensor, iop: Tensor, config: SelectionConfig) -> Tensor:
    return iop > config.iop_threshold


def _top_iou_or_iop(iou_score: Tensor, iop: Tensor, config: SelectionConfig) -> Tensor:
    return _top(iou_score, 1) | (iop > config.iop_threshold)


def _iop_among_top(iou_score: Tensor, iop: Tensor, config: SelectionConfig) -> Tensor:
    return _top(iou_score, config.top_k) & (iop > config.iop_threshold)


def _top(iou_score: Tensor, count: int) -> Tensor:
    """(K,) bool, True for the `count` highest scores."""
    taken = torch.zeros_like(iou_score, dtype=torch.bool)
    taken[iou_score.topk(min(count, len(iou_score))).indices] = True
    return taken


_AMONG_TOP = SelectionRule.IOP_AMONG_TOP
_RULES: dict[SelectionRule, Callable[[Tensor, Tensor, SelectionConfig], Tensor]] = {
    SelectionRule.TOP_IOU: _top_iou,
    SelectionRule.IOP: _iop,
    SelectionRule.TOP_IOU_OR_IOP: _top_iou_or_iop,
    SelectionRule.IOP_AMONG_TOP: _iop_among_top,
}
