# SPDX-License-Identifier: Apache-2.0
"""Removes specks and small holes from masks, as segment-anything's generator does."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from llmseg_core.masks import masks_to_boxes

from .box_nms import box_nms
from .mask_candidates import MaskCandidates

__all__ = ["without_small_regions"]


def without_small_regions(
    found: MaskCandidates, masks: Tensor, least: int, nms_threshold: float
) -> tuple[MaskCandidates, Tensor]:
    """Fill holes and drop regions below an area, and then drop masks that have become alike.

    Of two alike the one that did not change stays. A mask of small regions alone keeps the largest.

    Args:
        found: n candidates.
        masks: (n, H, W) bool, of these.
        least: pixels of the smallest hole or region that stays.
        nms_threshold: box IoU above which two masks are alike.

    Returns:
        The candidates that stay, with new boxes and areas, and their masks; those that did not
        change come first.
    """
    if not len(found):
        return found, masks
    cleaned, unchanged = [], []
    for mask in masks.cpu().numpy():
        filled, had_holes = _without(mask, least, holes=True)
        clean, had_islands = _without(filled, least, holes=False)
        cleaned.append(clean)
        unchanged.append(not (had_holes or had_islands))
    whole = torch.from_numpy(np.stack(cleaned)).to(masks.device)
    same = torch.tensor(unchanged, device=masks.device)
    boxes = masks_to_boxes(whole)
    kept = box_nms(boxes, same.float(), nms_threshold)
    boxes = torch.where(same[:, None], found.boxes, boxes)
    changed = MaskCandidates(
        found.low, found.iou, found.stability, whole.sum((1, 2)), boxes, found.points, found.view
    )
    return changed[kept], whole[kept]


def _without(mask: np.ndarray, least: int, holes: bool) -> tuple[np.ndarray, bool]:
    """A mask without its small holes, or without its small islands, and whether it had any."""
    _, regions, stats, _ = cv2.connectedComponentsWithStats((mask != holes).astype(np.uint8), 8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    small = sizes < least
    if not small.any():
        return mask, False
    if not holes and small.all():
        small[sizes.argmax()] = False
    stays = np.concatenate(([holes], small if holes else ~small))
    return stays[regions], True
