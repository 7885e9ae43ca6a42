# SPDX-License-Identifier: Apache-2.0
"""The four selection rules of the paper's Table 3: from scores to the proposals taken."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from llmseg_core.config import SelectionConfig, SelectionRule
from llmseg_core.types import ProposalScores, Selection

__all__ = ["select", "union_mask"]


def select(scores: ProposalScores, config: SelectionConfig) -> Selection:
    """Take proposals for one instruction.

    Whether anything fits is decided by the predicted IoP under every rule: an answer whose
    confidence is below `min_confidence` is dropped, and keeps its confidence.

    Args:
        scores: of one instruction, (1, K); K may be 0.
        config: the rule and its thresholds.

    Returns:
        The proposals taken, highest IoP first, or the reason why there are none. The confidence
        of no proposal at all is 0.

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
        return Selection((), 0.0, "nothing was proposed in this image")
    taken = _RULES[config.rule](iou_score, iop, config)
    order = iop.argsort(descending=True, stable=True)
    indices = order[taken[order]].tolist()
    confidence = float(iop[taken].max() if indices else iop.max())
    if confidence < config.min_confidence:
        least = config.min_confidence
        return Selection((), confidence, f"confidence {confidence:.2f} is below {least:g}")
    if not indices:
        among = f" of the {config.top_k} highest ranked" * (config.rule is _AMONG_TOP)
        reason = f"no proposal{among} has an IoP above {config.iop_threshold:g}"
        return Selection((), confidence, reason)
    return Selection(tuple(indices), confidence)


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
