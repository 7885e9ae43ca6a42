# SPDX-License-Identifier: Apache-2.0
"""Images with proposals and questions: the one kind of batch that VLM and selector learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ..questions import QuestionSample

__all__ = ["Batch", "Grid", "ProposalBatch", "ProposalSample", "SeenBatch", "collate_proposals"]

SomeBatch = TypeVar("SomeBatch", bound="Batch")
Grid = tuple[int, int]
"""(rows, columns) of the parts of one image, see `VlmImage`"""
ONE: Grid = (1, 1)


@dataclass(frozen=True)
class Batch:
    """Tensors that go to a device together, and what else belongs to them."""

    def to(self: SomeBatch, device: torch.device | str) -> SomeBatch:
        """The same batch with all of its tensors on `device`."""
        values = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        tensors = {name: value for name, value in values.items() if isinstance(value, Tensor)}
        return replace(self, **{name: tensor.to(device) for name, tensor in tensors.items()})


class SeenBatch(Batch):
    """B images as the VLM takes them, and R questions about them.

    Attributes:
        pixel_values: (n, ...) float32, the parts of all images one after the other, see `VlmImage`.
        grids: of the parts of each image.
        image_index: (R,) int64, the image of each question.
    """

    pixel_values: Tensor
    grids: tuple[Grid, ...]
    image_index: Tensor

    @property
    def question_grids(self) -> list[Grid]:
        """The grid of each question's image."""
        return [self.grids[image] for image in self.image_index.tolist()]


@dataclass(frozen=True)
class ProposalSample:
    """One image with K proposals and R questions about it.

    The features of the proposals are there already, or `image` and `weights` are, from which an
    image encoder makes them later.

    Attributes:
        boxes_rel: (K, 4) float32, fractions of the image.
        pixel_values: (n, ...) float32, input of the VLM, see `VlmImage`.
        target_iou: (R, K) float32.
        target_iop: (R, K) float32.
        questions: R texts, as the VLM is asked.
        answers: R texts, as it is to answer.
        features: (K, C) float32, pooled features, or None.
        image: (H, W, 3) uint8 RGB, for the image encoder, or None.
        weights: (K, h * w) float32, how much each cell of the feature map counts for a proposal, or
            None.
        meanings: what each of the R questions names; empty where that is not known.
        grid: of `pixel_values`.
    """

    boxes_rel: Tensor
    pixel_values: Tensor
    target_iou: Tensor
    target_iop: Tensor
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    features: Tensor | None = None
    image: np.ndarray | None = None
    weights: Tensor | None = None
    meanings: tuple[QuestionSample, ...] = ()
    grid: Grid = ONE


@dataclass(frozen=True)
class ProposalBatch(SeenBatch):
    """B images with R questions in all, proposals padded to the same K; see `ProposalSample`.

    Attributes:
        boxes_rel: (B, K, 4) float32.
        valid: (B, K) bool, False where a proposal is padding.
        pixel_values: (n, ...) float32, see `SeenBatch`.
        grids: B pairs.
        image_index: (R,) int64, the image of each question.
        target_iou: (R, K) float32.
        target_iop: (R, K) float32.
        questions: R texts.
        answers: R texts.
        features: (B, K, C) float32, or None until they are pooled.
        images: B arrays (H, W, 3) uint8 RGB, each of its own size; empty where features are pooled.
        weights: (B, K, h * w) float32; None where features are pooled.
        meanings: R or none.

    Raises:
        ValueError: if shapes or number formats do not fit together, tensors are on several devices,
            or there are neither features nor what they are pooled from.
    """

    boxes_rel: Tensor
    valid: Tensor
    pixel_values: Tensor
    grids: tuple[Grid, ...]
    image_index: Tensor
    target_iou: Tensor
    target_iop: Tensor
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    features: Tensor | None = None
    images: tuple[np.ndarray, ...] = ()
    weights: Tensor | None = None
    meanings: tuple[QuestionSample, ...] = ()

    def __post_init__(self) -> None:
        (images, proposals), asked = self.valid.shape, len(self.image_index)
        real = torch.float32
        self._check("valid", (images, proposals), torch.bool)
        self._check("boxes_rel", (images, proposals, 4), real)
        self._check("pixel_values", tuple(self.pixel_values.shape), real)
        if len(self.grids) != images:
            raise ValueError(f"there are {len(self.grids)} grids for {images} images")
        self._check("image_index", (asked,), torch.int64)
        self._check("target_iou", (asked, proposals), real)
        self._check("target_iop", (asked, proposals), real)
        pooled = self.weights if self.features is None else self.features
        if pooled is None or (self.features is None) != (len(self.images) == images):
            raise ValueError("a batch has features, or images and weights to pool them from")
        name = "weights" if self.features is None else "features"
        self._check(name, (images, proposals, pooled.shape[-1]), real)
        for name in ("questions", "answers", "meanings"):
            count = len(getattr(self, name))
            if count != asked and (name != "meanings" or count):
                raise ValueError(f"there are {count} {name} for {asked} questions")

    def _check(self, name: str, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        tensor: Tensor = getattr(self, name)
        if tensor.shape != shape or tensor.dtype != dtype:
            raise ValueError(
                f"{name} is {tuple(tensor.shape)} {tensor.dtype}, it must be {shape} {dtype}"
            )
        if tensor.device != self.valid.device:
            raise ValueError(f"{name} is on {tensor.device}, valid is on {self.valid.device}")

    @property
    def question_valid(self) -> Tensor:
        """(R, K) bool, False where a proposal of a question's image is padding."""
        return self.valid[self.image_index]

    def with_features(self, features: Tensor) -> ProposalBatch:
        """The same batch with pooled features, (B, K, C) float32."""
        return replace(self, features=features, images=(), weights=None)


def collate_proposals(samples: Sequence[ProposalSample]) -> ProposalBatch:
    """Pad to the most proposals, at least one, and stack.

    Args:
        samples: at least one; all of them with features, or none.
    """
    width = max(1, max(len(sample.boxes_rel) for sample in samples))
    valid = torch.zeros(len(samples), width, dtype=torch.bool)
    for row, sample in zip(valid, samples, strict=True):
        row[: len(sample.boxes_rel)] = True

    def stacked(of: Callable[[ProposalSample], Tensor | None]) -> Tensor | None:
        values = [value for value in map(of, samples) if value is not None]
        return torch.stack([_padded(each, 0, width) for each in values]) if values else None

    counts = torch.tensor([len(sample.questions) for sample in samples])
    return ProposalBatch(
        boxes_rel=torch.stack([_padded(sample.boxes_rel, 0, width) for sample in samples]),
        valid=valid,
        pixel_values=torch.cat([sample.pixel_values for sample in samples]),
        grids=tuple(sample.grid for sample in samples),
        image_index=torch.arange(len(samples)).repeat_interleave(counts),
        target_iou=torch.cat([_padded(sample.target_iou, 1, width) for sample in samples]),
        target_iop=torch.cat([_padded(sample.target_iop, 1, width) for sample in samples]),
        questions=tuple(text for sample in samples for text in sample.questions),
        answers=tuple(text for sample in samples for text in sample.answers),
        features=stacked(lambda sample: sample.features),
        images=tuple(sample.image for sample in samples if sample.image is not None),
        weights=stacked(lambda sample: sample.weights),
        meanings=tuple(meaning for sample in samples for meaning in sample.meanings),
    )


def _padded(values: Tensor, dimension: int, length: int) -> Tensor:
    """`values` with zeros after them, so that `dimension` has `length`."""
    shape = list(values.shape)
    shape[dimension] = length - shape[dimension]
    return torch.cat((values, values.new_zeros(shape)), dimension)
