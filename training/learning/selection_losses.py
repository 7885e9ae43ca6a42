# SPDX-License-Identifier: Apache-2.0
"""The two losses of the mask selector (paper section 3.3, equations 1 and 3)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["alignment_loss", "iop_loss"]


def alignment_loss(
    iou_score: Tensor,
    target_iou: Tensor,
    valid: Tensor,
    temperature: float,
    untouched: bool = False,
) -> Tensor:
    """KL divergence of the ranking from the true IoUs, both as softmax over the proposals.

    Instructions that no proposal fits at all say nothing about the ranking and are left out.

    Args:
        iou_score: (N, K) float in [-1, 1], cosine similarities.
        target_iou: (N, K) float in [0, 1].
        valid: (N, K) bool, False where a proposal is padding.
        temperature: of both softmaxes.
        untouched: whether instructions that no proposal touches count too, as in the released code;
            their target is flat. An image without proposals has no ranking in any case.

    Returns:
        Scalar, the mean over the instructions that count; 0 if none does.
    """
    counts = valid.any(1) if untouched else (target_iou * valid).amax(1) > 0
    if not counts.any():
        return iou_score.sum() * 0
    lowest = torch.finfo(iou_score.dtype).min
    predicted = (iou_score / temperature).masked_fill(~valid, lowest)[counts].log_softmax(1)
    wanted = (target_iou / temperature).masked_fill(~valid, lowest)[counts].log_softmax(1)
    each = wanted.exp() * (wanted - predicted)
    return each.masked_fill(~valid[counts], 0).sum(1).mean()


def iop_loss(iop: Tensor, target_iop: Tensor, valid: Tensor) -> Tensor:
    """Squared error of the predicted IoP, weighted towards proposals that lie on the target.

    The weight exp(g - 1) falls from 1 at g = 1 to 0.37 at g = 0.

    Args:
        iop: (N, K) float in [0, 1].
        target_iop: (N, K) float in [0, 1].
        valid: (N, K) bool, False where a proposal is padding.

    Returns:
        Scalar, the mean over all valid proposals.
    """
    each = (target_iop - 1).exp() * (iop - target_iop).square()
    return (each * valid).sum() / valid.sum().clamp(min=1)
