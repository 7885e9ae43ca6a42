"""Targets of the mask selector: IoU and IoP of every proposal with what is asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["ProposalOverlaps"]


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
        return both / (self.areas + target - both).clamp(min=1)

    def iop(self, target_ids: Collection[int]) -> Tensor:
        """(K,) share of each proposal on the union of the targets (paper equation 2)."""
        both, _ = self._meet(target_ids)
        return both / self.areas.clamp(min=1)

    def _meet(self, target_ids: Collection[int]) -> tuple[Tensor, Tensor]:
        wanted = torch.isin(self.ids, torch.tensor(sorted(target_ids), dtype=torch.int64))
        return (self.shared * wanted).sum(1), (self.instance_areas * wanted).sum()
