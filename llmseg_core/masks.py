# SPDX-License-Identifier: Apache-2.0
"""What can be read off masks: areas and boxes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

__all__ = ["mask_areas", "masks_to_boxes"]


def mask_areas(masks: Tensor) -> Tensor:
    """Pixels in each mask: (K, H, W) bool to (K,) int64."""
    if masks.device.type == "cpu":  # NumPy counts many times faster than torch adds
        areas = [np.count_nonzero(mask) for mask in masks.numpy()]
        return torch.tensor(areas, dtype=torch.int64)
    return masks.flatten(1).sum(1)


def masks_to_boxes(masks: Tensor) -> Tensor:
    """The tightest inclusive box of each mask; an empty mask gives zeros.

    Args:
        masks: (K, H, W) bool.

    Returns:
        (K, 4) float32: left, top, right, bottom, the pixel indices of the outermost mask pixels.
    """
    columns, rows = masks.any(1), masks.any(2)
    if not masks.numel():
        return torch.zeros((len(masks), 4), dtype=torch.float32, device=masks.device)

    def ends(line: Tensor) -> tuple[Tensor, Tensor]:
        first = line.int().argmax(1)
        last = line.shape[1] - 1 - line.flip(1).int().argmax(1)
        return first, last

    (left, right), (top, bottom) = ends(columns), ends(rows)
    boxes = torch.stack((left, top, right, bottom), 1).float()
    return boxes * columns.any(1)[:, None]
