# SPDX-License-Identifier: Apache-2.0
"""How much masks overlap: the targets of training and the oracle of evaluation."""

from __future__ import annotations

import torch
from torch import Tensor

from llmseg_core.types import mask_areas

__all__ = ["intersections", "pairwise_iou"]


def intersections(masks: Tensor, targets: Tensor) -> Tensor:
    """Pixels that each mask shares with each target.

    Args:
        masks: (K, H, W) bool.
        targets: (T, H, W) bool.

    Returns:
        (K, T) float32, whole numbers; exact up to 16 million pixels an image.

    Raises:
        ValueError: if the masks are of different sizes.
    """
    if masks.shape[1:] != targets.shape[1:]:
        raise ValueError(
            f"the masks have {tuple(masks.shape[1:])} pixels, the targets "
            f"{tuple(targets.shape[1:])}; they must be of one size"
        )
    first, second = (each.view(torch.uint8).flatten(1).float() for each in (masks, targets))
    return first @ second.T


def pairwise_iou(masks: Tensor, targets: Tensor) -> Tensor:
    """Intersection over union of each mask (K, H, W) with each target (T, H, W): (K, T) float32.

    Two empty masks have IoU 0: neither finds anything of the other.
    """
    both = intersections(masks, targets)
    union = mask_areas(masks)[:, None] + mask_areas(targets)[None] - both
    return both / union.clamp(min=1)
