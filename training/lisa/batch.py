# SPDX-License-Identifier: Apache-2.0
"""Images with questions and the masks they mean: what LISA learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..learning.batch import Grid, SeenBatch

__all__ = ["MaskBatch", "MaskSample", "collate_masks"]


@dataclass(frozen=True)
class MaskSample:
    """One image with R questions about it.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        pixel_values: (n, ...) float32, input of the VLM, see `VlmImage`.
        masks: (R, H, W) bool, what the questions mean.
        ignored: (R, H, W) bool, pixels that count for nothing.
        questions: R texts, as the VLM is asked.
        answers: R texts, as it is to answer.
        grid: of `pixel_values`.
    """

    image: np.ndarray
    pixel_values: Tensor
    masks: np.ndarray
    ignored: np.ndarray
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    grid: Grid = (1, 1)

    def __post_init__(self) -> None:
        shape = (len(self.questions), *self.image.shape[:2])
        for name in ("masks", "ignored"):
            array: np.ndarray = getattr(self, name)
            if array.shape != shape or array.dtype != bool:
                raise ValueError(f"{name} is {array.dtype} {array.shape}, it must be bool {shape}")
        if len(self.answers) != len(self.questions):
            raise ValueError(f"{len(self.questions)} questions but {len(self.answers)} answers")


@dataclass(frozen=True)
class MaskBatch(SeenBatch):
    """B images with R questions in all; see `MaskSample`.

    Attributes:
        pixel_values: (n, ...) float32, see `SeenBatch`.
        grids: B pairs.
        image_index: (R,) int64, the image of each question.
        images: B arrays (H, W, 3) uint8, each of its own size.
        masks: R arrays (H, W) bool.
        ignored: R arrays (H, W) bool.
        questions: R texts.
        answers: R texts.
    """

    pixel_values: Tensor
    grids: tuple[Grid, ...]
    image_index: Tensor
    images: tuple[np.ndarray, ...]
    masks: tuple[np.ndarray, ...]
    ignored: tuple[np.ndarray, ...]
    questions: tuple[str, ...]
    answers: tuple[str, ...]


def collate_masks(samples: Sequence[MaskSample]) -> MaskBatch:
    """Put samples together; there is at least one."""
    counts = torch.tensor([len(sample.questions) for sample in samples])
    return MaskBatch(
        pixel_values=torch.cat([sample.pixel_values for sample in samples]),
        grids=tuple(sample.grid for sample in samples),
        image_index=torch.arange(len(samples)).repeat_interleave(counts),
        images=tuple(sample.image for sample in samples),
        masks=tuple(mask for sample in samples for mask in sample.masks),
        ignored=tuple(mask for sample in samples for mask in sample.ignored),
        questions=tuple(text for sample in samples for text in sample.questions),
        answers=tuple(text for sample in samples for text in sample.answers),
    )
