# SPDX-License-Identifier: Apache-2.0
"""Non-maximum suppression of boxes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

__all__ = ["box_nms"]


def box_nms(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Greedy non-maximum suppression, with torchvision's arithmetic and order.

    Args:
        boxes: (n, 4) float32, left, top, right, bottom.
        scores: (n,) float; ties go to the lower index.
        threshold: IoU above which the worse of two boxes goes.

    Returns:
        (k,) int64, indices of the kept boxes, best first.
    """
    order = scores.argsort(descending=True, stable=True)
    left, top, right, bottom = boxes[order].cpu().numpy().T
    area = (right - left) * (bottom - top)
    limit = np.float64(threshold)  # compared in double precision, as torchvision does
    kept: list[int] = []
    rest = np.arange(len(area))
    with np.errstate(invalid="ignore"):  # 0 / 0: two boxes without area do not overlap
        while len(rest):
            best, rest = rest[0], rest[1:]
            kept.append(int(best))
            width = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest])
            height = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest])
            overlap = width.clip(0) * height.clip(0)
            iou = overlap / (area[best] + area[rest] - overlap)
            rest = rest[~(iou > limit)]
    return order[torch.tensor(kept, dtype=torch.int64, device=order.device)]
