# SPDX-License-Identifier: Apache-2.0
"""Targets of the mask selector: IoU and IoP of every proposal with what is asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from llmseg_core.metrics.mask_iou import resize_nearest
from llmseg_core.metrics.overlap import iou_of_areas

__all__ = ["ProposalOverlaps", "proposal_targets"]


def proposal_targets(
    masks: Tensor, target: np.ndarray, ignore: np.ndarray | None = None
) -> tuple[Tensor, Tensor]:
    """IoU and IoP (paper equation 2) of K proposals with one target mask.

    One mask at a time, so that large images fit into memory.

    Args:
        masks: (K, h, w) bool, of the image's size or, where it was shrunk, of a smaller one.
        target: (H, W) bool of the image; it is compared at the size of the masks.
        ignore: (H, W) bool, pixels that count for nothing, or None.

    Returns:
        iou and iop, each (K,) float32 in [0, 1]; zeros for a proposal without a pixel that counts.
    """
    size = int(masks.shape[1]), int(masks.shape[2])
    target = resize_nearest(target, size)
    counted = np.ones_like(target) if ignore is None else ~resize_nearest(ignore, size)
    target = target & counted
    counts = [
        (np.count_nonzero(mask & target), np.count_nonzero(mask & counted))
        for mask in masks.numpy()
    ]
    both, areas = torch.tensor(counts, dtype=torch.float32).reshape(-1, 2).unbind(1)
    wanted = torch.tensor(float(np.count_nonzero(target)))
    return iou_of_areas(both, areas, wanted), both / areas.clamp(min=1)


@dataclass(frozen=True)
class ProposalOverlaps:
    """How K proposals meet the N instances of an image; instances do not overlap each other.

    Attributes:
        ids: (N,) int64, instance ids.
        shared: (K, N) float32, pixels that proposal and instance share.
        areas: (K,) float32, pixels of each proposal.
        instance_areas: (N,) float32, visible pixels of each instance.
    """

    ids: Tensor
    shared: Tensor
    areas: Tensor
    instance_areas: Tensor

    def iou(self, target_ids: Collection[int]) -> Tensor:
        """(K,) IoU of each proposal with the union of the targets; zeros without a target."""
        both, target = self._meet(target_ids)
        return iou_of_areas(both, self.areas, target)

    def iop(self, target_ids: Collection[int]) -> Tensor:
        """(K,) share of each proposal on the union of the targets (paper equation 2)."""
        both, _ = self._meet(target_ids)
        return both / self.areas.clamp(min=1)

    def _meet(self, target_ids: Collection[int]) -> tuple[Tensor, Tensor]:
        wanted = torch.isin(self.ids, torch.tensor(sorted(target_ids), dtype=torch.int64))
        return (self.shared * wanted).sum(1), (self.instance_areas * wanted).sum()
