# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import torch
from torch import Tensor


def box_area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """Greedy, one pair at a time; boxes of different categories do not meet."""
    areas = box_area(boxes)
    order = scores.sort(descending=True, stable=True).indices.tolist()
    suppressed = [False] * len(boxes)
    kept = []
    for rank, best in enumerate(order):
        if suppressed[best]:
            continue
        kept.append(best)
        others = order[rank + 1 :]
        low = torch.maximum(boxes[best, :2], boxes[others, :2])
        high = torch.minimum(boxes[best, 2:], boxes[others, 2:])
        shared = (high - low).clamp(min=0).prod(1)
        overlaps = shared / (areas[best] + areas[others] - shared)
        for other, overlap in zip(others, overlaps.tolist(), strict=True):
            if idxs[other] == idxs[best] and overlap > iou_threshold:
                suppressed[other] = True
    return torch.tensor(kept, dtype=torch.int64)
