"""Proposals of a shrunk image at the size of the image as it was."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .types import Proposals, masks_to_boxes

__all__ = ["enlarge"]


def enlarge(proposals: Proposals, height: int, width: int) -> Proposals:
    """Proposals of a shrunk image in pixels of the original (height, width) image."""
    masks = proposals.masks
    large = torch.zeros((len(masks), height, width), dtype=torch.bool, device=masks.device)
    for index in range(len(masks)):  # one at a time: as numbers they take four times the memory
        soft = masks[None, index : index + 1].float()
        soft = F.interpolate(soft, (height, width), mode="bilinear", align_corners=False)
        large[index] = soft[0, 0] > 0.5
    old_height, old_width = proposals.image_size
    scale = proposals.points.new_tensor((width / old_width, height / old_height))
    return Proposals(
        large,
        masks_to_boxes(large),
        proposals.predicted_iou,
        proposals.stability,
        proposals.points * scale,
    )
