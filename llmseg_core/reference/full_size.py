# SPDX-License-Identifier: Apache-2.0
"""The way large images were handled before: every proposal enlarged to the size of the image.

Kept to measure beside: pooling then looks at every pixel of every mask.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from llmseg_core.masks import masks_to_boxes
from llmseg_core.proposals.generator import ProposalGenerator
from llmseg_core.types import Proposals

__all__ = ["FullSizeProposals"]


class FullSizeProposals:
    """A `ProposalGenerator` whose masks all have the size of the image.

    Args:
        generator: proposes them, perhaps smaller.
    """

    def __init__(self, generator: ProposalGenerator) -> None:
        self.generator = generator

    def __call__(self, image: np.ndarray) -> Proposals:
        """See `ProposalGenerator`."""
        found = self.generator(image)
        if tuple(found.masks.shape[1:]) == found.image_size:
            return found
        masks = found.masks
        size = (len(masks), *found.image_size)
        large = torch.zeros(size, dtype=torch.bool, device=masks.device)
        for index in range(len(masks)):  # one at a time: as numbers they take four times the memory
            soft = masks[None, index : index + 1].float()
            soft = F.interpolate(soft, found.image_size, mode="bilinear", align_corners=False)
            large[index] = soft[0, 0] > 0.5
        boxes = masks_to_boxes(large)
        return Proposals(large, boxes, found.predicted_iou, found.stability, found.points)
