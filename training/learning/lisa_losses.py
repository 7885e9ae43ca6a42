# SPDX-License-Identifier: Apache-2.0
"""LISA's losses of masks (Lai et al., arXiv 2308.00692, section 3.2; the released code's forms)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from llmseg_core.config.limits import AtLeast
from llmseg_core.config.settings import Settings

__all__ = ["MaskLossWeights", "MaskLosses", "mask_losses"]

SMOOTH = 1e-3
"""pixels that both sides of dice's fraction get, so that an empty target with an empty mask costs
nothing; the released code counts in thousands of pixels and adds 1e-6"""


@dataclass(frozen=True)
class MaskLossWeights(Settings):
    """Weights of the parts of a LISA's loss besides the language model's; by default its own."""

    bce: Annotated[float, AtLeast(0)] = 2.0
    """binary cross-entropy of the pixels"""
    dice: Annotated[float, AtLeast(0)] = 0.5
    """1 - dice"""

    def total(self, losses: MaskLosses) -> Tensor:
        """The weighted sum, a scalar."""
        return self.bce * losses.bce + self.dice * losses.dice


@dataclass(frozen=True)
class MaskLosses:
    """The parts of the loss, each a scalar before its weight: means over masks."""

    bce: Tensor
    dice: Tensor

    def named(self) -> dict[str, Tensor]:
        """By the names that they have in a log."""
        return {f"{name}_loss": value for name, value in vars(self).items()}

    @classmethod
    def mean(cls, losses: list[MaskLosses]) -> MaskLosses:
        """The mean over single masks; there is at least one."""
        return cls(
            torch.stack([each.bce for each in losses]).mean(),
            torch.stack([each.dice for each in losses]).mean(),
        )


def mask_losses(logits: Tensor, target: Tensor, ignore: Tensor | None = None) -> MaskLosses:
    """How far one drawn mask is from the truth.

    Args:
        logits: (H, W) float32.
        target: (H, W) bool.
        ignore: (H, W) bool, pixels that count for nothing, or None.
    """
    values, wanted = logits.flatten(), target.flatten().float()
    if ignore is not None:
        counted = ~ignore.flatten()
        values, wanted = values[counted], wanted[counted]
    if not len(values):  # every pixel is ignored
        return MaskLosses(logits.sum() * 0, logits.sum() * 0)
    inside = values.sigmoid()
    overlap = 2 * (inside * wanted).sum() + SMOOTH
    dice = 1 - overlap / (inside.sum() + wanted.sum() + SMOOTH)
    return MaskLosses(F.binary_cross_entropy_with_logits(values, wanted), dice)
