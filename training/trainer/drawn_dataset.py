# SPDX-License-Identifier: Apache-2.0
"""Data sets whose samples are drawn at random, anew at every pass, and the same after a resume."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from torch.utils.data import Dataset

__all__ = ["DrawnDataset"]

Sample = TypeVar("Sample", covariant=True)


class DrawnDataset(Dataset[Sample]):
    """What chance decides in a sample depends on seed, index and pass alone.

    Args:
        seed: of the draws.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Begin pass `epoch` over the data; passes count from 0."""
        self.epoch = epoch

    def rng(self, index: int) -> np.random.Generator:
        """The source of all chance in sample `index` of this pass."""
        return np.random.default_rng((self.seed, index, self.epoch))
