# SPDX-License-Identifier: Apache-2.0
"""Losses of SAM's masks and of its predicted IoU (segment-anything paper, appendix A)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from llmseg_core.metrics.overlap import iou_of_areas

__all__ = [
    "dice_loss",
    "edge_weights",
    "iou_of_logits",
    "mask_bce",
    "point_prompt_loss",
    "soft_masks",
]


def dice_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """1 - dice of each mask.

    Args:
        logits: (..., h, w) float.
        targets: (..., h, w) float in [0, 1], the share of each cell that the object covers.

    Returns:
        (...) float in [0, 1].
    """
    probability, targets = logits.sigmoid().flatten(-2), targets.flatten(-2)
    overlap = 2 * (probability * targets).sum(-1)
    return 1 - (overlap + 1) / (probability.sum(-1) + targets.sum(-1) + 1)


def edge_weights(targets: Tensor, strength: float, reach: int = 2) -> Tensor:
    """What each cell weighs so that a mask's edge counts more than its inside.

    Args:
        targets: (N, h, w) float in [0, 1].
        strength: what a cell right on the edge of a straight border weighs above 1.
        reach: cells to both sides of the edge that weigh more.

    Returns:
        (N, h, w) float, at least 1.
    """
    share = F.avg_pool2d(targets[:, None], 2 * reach + 1, 1, reach, count_include_pad=False)[:, 0]
    return 1 + strength * 4 * share * (1 - share)


def mask_bce(
    logits: Tensor, targets: Tensor, balance: float, weights: Tensor | None = None
) -> Tensor:
    """Binary cross-entropy of each mask, part of it with both classes weighing the same.

    Args:
        logits: (..., h, w) float.
        targets: (..., h, w) float in [0, 1].
        balance: in [0, 1]; 0 is the plain mean over pixels, 1 weighs object and rest the same.
            From scratch the plain mean alone learns empty masks first.
        weights: (..., h, w) float of the cells, see `edge_weights`; None weighs all alike.

    Returns:
        (...) float.
    """
    loss = F.binary_cross_entropy_with_logits(logits, targets, reduction="none").flatten(-2)
    inside = targets.flatten(-2)
    outside = 1 - inside
    if weights is not None:
        flat = weights.expand_as(targets).flatten(-2)
        inside, outside = inside * flat, outside * flat
    balanced = (loss * inside).sum(-1) / (inside.sum(-1) + 1) + (loss * outside).sum(-1) / (
        outside.sum(-1) + 1
    )
    mean = loss.mean(-1) if weights is None else (loss * flat).sum(-1) / flat.sum(-1)
    return balance * balanced / 2 + (1 - balance) * mean


def iou_of_logits(logits: Tensor, targets: Tensor) -> Tensor:
    """IoU of each mask cut at logit 0 with its target cut at one half; (...) float in [0, 1]."""
    inside, target = logits.detach().flatten(-2) > 0, targets.flatten(-2) > 0.5
    return iou_of_areas((inside & target).sum(-1), inside.sum(-1), target.sum(-1))


def point_prompt_loss(
    logits: Tensor, iou: Tensor, targets: Tensor, balance: float, edge: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Loss of N point prompts: the best of three masks learns, every predicted IoU learns.

    Args:
        logits: (N, 3, h, w) float.
        iou: (N, 3) float, predicted IoU.
        targets: (N, h, w) float in [0, 1].
        balance: see `mask_bce`.
        edge: strength of `edge_weights`; 0 weighs all cells alike.

    Returns:
        The scalar loss and (N,) the IoU of the best of the three masks.
    """
    wanted = targets[:, None].expand_as(logits)
    weights = edge_weights(targets, edge)[:, None] if edge else None
    each = dice_loss(logits, wanted) + 4 * mask_bce(logits, wanted, balance, weights)
    actual = iou_of_logits(logits, wanted)
    loss = each.min(1).values.mean() + F.mse_loss(iou, actual)
    return loss, actual.max(1).values.detach()


def soft_masks(instances: Tensor, ids: Tensor, cell: int) -> Tensor:
    """Share of each cell that an instance covers.

    Args:
        instances: (S, S) int64, instance id of each pixel.
        ids: (N,) int64.
        cell: pixels along a cell; S is a multiple.

    Returns:
        (N, S / cell, S / cell) float32 in [0, 1].
    """
    return F.avg_pool2d((instances == ids[:, None, None]).float(), cell)
