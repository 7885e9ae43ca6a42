# SPDX-License-Identifier: Apache-2.0
"""Data for trainings that take no time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from llmseg_training.learning.batch import Batch
from llmseg_training.trainer.drawn_dataset import DrawnDataset

__all__ = ["Noise", "Rows", "collate"]


class Noise(DrawnDataset[Tensor]):
    """Ten samples, five steps a pass, other numbers in every pass."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(self.rng(index).standard_normal(4)).float()


@dataclass(frozen=True)
class Rows(Batch):
    x: Tensor


def collate(samples: Sequence[Tensor]) -> Rows:
    return Rows(torch.stack(list(samples)))
