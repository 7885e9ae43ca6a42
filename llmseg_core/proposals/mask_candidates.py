# SPDX-License-Identifier: Apache-2.0
"""Masks of everything mode before they are drawn."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

__all__ = ["MaskCandidates"]


@dataclass(frozen=True)
class MaskCandidates:
    """Masks that are known by their low-resolution logits and what was measured of them.

    Attributes:
        low: (n, 4 h, 4 w) float logits; they may wait on the CPU while the rest is on a GPU.
        iou: (n,) float, predicted IoU.
        stability: (n,) float32.
        areas: (n,) int64, pixels.
        boxes: (n, 4) float32, left, top, right, bottom in pixels of the image, inclusive.
        points: (n, 2) float32, prompt points x, y in pixels of the image.
        view: (n,) int64, which view of the image each mask was found in.
    """

    low: Tensor
    iou: Tensor
    stability: Tensor
    areas: Tensor
    boxes: Tensor
    points: Tensor
    view: Tensor

    def __len__(self) -> int:
        return len(self.iou)

    def __getitem__(self, index: Tensor) -> MaskCandidates:
        """The candidates at `index`, (k,) int64; their logits come to the device of the rest."""
        rest = (getattr(self, part.name)[index] for part in fields(self)[1:])
        low = self.low[index.to(self.low.device)].to(self.iou.device)
        return MaskCandidates(low, *rest)

    def waiting_in(self, device: torch.device) -> MaskCandidates:
        """The same with the logits on another device."""
        return replace(self, low=self.low.to(device))

    @classmethod
    def cat(cls, some: list[MaskCandidates]) -> MaskCandidates:
        """All candidates of at least one list, in order.

        If the logits of any list wait on the CPU, all of them do.
        """
        if len(some) == 1:
            return some[0]
        if any(one.low.device != some[0].low.device for one in some):
            some = [one.waiting_in(torch.device("cpu")) for one in some]
        return cls(*(torch.cat([getattr(one, part.name) for one in some]) for part in fields(cls)))
