# SPDX-License-Identifier: Apache-2.0
"""How much masks overlap: the targets of training and the oracle of evaluation."""

from __future__ import annotations

import torch
from torch import Tensor

from llmseg_core.masks import mask_areas

__all__ = ["intersections", "iou_of_areas", "pairwise_iou"]


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


def iou_of_areas(shared: Tensor, first: Tensor, second: Tensor, empty: float = 0.0) -> Tensor:
    """Intersection over union from counted pixels; the shapes broadcast.

    Args:
        shared: pixels in both masks.
        first: pixels of the one mask.
        second: pixels of the other.
        empty: the IoU of two empty masks. Where masks look for each other it is 0, neither finds
            anything of the other; where answers are compared it is 1, they are the same.

    Returns:
        float32 in [0, 1].
    """
    union = first + second - shared
    return torch.where(union > 0, shared / union.clamp(min=1), empty)


def pairwise_iou(masks: Tensor, targets: Tensor, empty: float = 0.0) -> Tensor:
    """IoU of each mask (K, H, W) with each target (T, H, W), both bool: (K, T) float32.

    `empty` is the IoU of two empty masks, see `iou_of_areas`.

    Raises:
        ValueError: if the masks are of different sizes.
    """
    areas = mask_areas(masks)[:, None], mask_areas(targets)[None]
    return iou_of_areas(intersections(masks, targets), *areas, empty)
