# SPDX-License-Identifier: Apache-2.0
"""Annotated images as training samples: questions in words, targets of every proposal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from llmseg_core.embeddings.mask_embedder import normalized_boxes
from llmseg_core.embeddings.mask_pooling import proposal_weights
from llmseg_core.images.clip_pixels import clip_input
from llmseg_core.proposals.generator import ProposalGenerator
from llmseg_core.vlm.prompts import ANSWERS, CLASS_QUESTIONS, QUESTIONS

from ..data import DataGroup, DataQuestion, DataSample, QuestionKind
from ..data.draws import SampleDraws
from ..learning.targets import proposal_targets
from ..trainer.drawn_dataset import DrawnDataset
from .released import OUR_TRAINING, ReleasedSwitches

__all__ = [
    "AdapterBatch",
    "AdapterDataset",
    "AdapterSample",
    "InputSizes",
    "collate_adapter",
    "spoken_question",
]


@dataclass(frozen=True)
class InputSizes:
    """What must be known of the networks to prepare their inputs.

    Attributes:
        feature_size: (h, w) of the image encoder's feature map.
        pooling_size: cells a side of the square on which mask and features meet.
        vlm_size: pixels a side of the VLM's image.
        vlm_fit: how an image is fitted into it (see `SegTokenConfig.image_fit`).
    """

    feature_size: tuple[int, int]
    pooling_size: int
    vlm_size: int
    vlm_fit: str


@dataclass(frozen=True)
class AdapterSample:
    """One image with K proposals and R questions.

    Attributes:
        image: (H, W, 3) uint8 RGB, for the image encoder.
        weights: (K, h * w) float32, how much each cell of the feature map counts for a proposal.
        boxes: (K, 4) float32, fractions of the image.
        pixel_values: (3, S, S) float32, input of the VLM.
        target_iou: (R, K) float32.
        target_iop: (R, K) float32.
        questions: R texts, as the VLM is asked.
        answers: R texts, as it is to answer.
    """

    image: np.ndarray
    weights: Tensor
    boxes: Tensor
    pixel_values: Tensor
    target_iou: Tensor
    target_iop: Tensor
    questions: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True)
class AdapterBatch:
    """B images with R questions in all, proposals padded to the same K.

    Attributes:
        images: B arrays (H, W, 3) uint8 RGB, each of its own size.
        weights: (B, K, h * w) float32.
        boxes: (B, K, 4) float32.
        valid: (B, K) bool, False where a proposal is padding.
        pixel_values: (B, 3, S, S) float32.
        image: (R,) int64, the image of each question.
        target_iou: (R, K) float32.
        target_iop: (R, K) float32.
        questions: R texts.
        answers: R texts.
    """

    images: tuple[np.ndarray, ...]
    weights: Tensor
    boxes: Tensor
    valid: Tensor
    pixel_values: Tensor
    image: Tensor
    target_iou: Tensor
    target_iop: Tensor
    questions: tuple[str, ...]
    answers: tuple[str, ...]

    def to(self, device: torch.device | str) -> AdapterBatch:
        """The same batch with its tensors on `device`."""
        return replace(
            self,
            weights=self.weights.to(device),
            boxes=self.boxes.to(device),
            valid=self.valid.to(device),
            pixel_values=self.pixel_values.to(device),
            image=self.image.to(device),
            target_iou=self.target_iou.to(device),
            target_iop=self.target_iop.to(device),
        )


def spoken_question(
    question: DataQuestion, rng: np.random.Generator, lower_case: bool = False, bare: bool = False
) -> str:
    """A question as the VLM is asked in training: one of the templates of its kind.

    Whole sentences get a request for a mask after them; phrases and names of classes a sentence
    around them.

    Args:
        question: of a data set; if it has another wording, that one is taken half of the time.
        rng: decides wording and template.
        lower_case: whether phrases and names of classes lose their capitals.
        bare: whether the text goes without a template, as it is.
    """
    text, whole = question.text, question.kind is QuestionKind.INSTRUCTION
    if question.other_text and rng.random() < 0.5:
        text = question.other_text
    if lower_case and not whole:
        text = text.lower()
    if bare:
        return text
    if whole:
        template = QUESTIONS[rng.integers(len(QUESTIONS))]
        return template.format(instruction=text.strip())
    template = CLASS_QUESTIONS[rng.integers(len(CLASS_QUESTIONS))]
    return template.format(name=text.strip())


class AdapterDataset(DrawnDataset[AdapterSample]):
    """As many samples as the whole training takes, each drawn anew from the data.

    Args:
        draws: draws images with some of their questions.
        proposals: of these images, stored or live.
        sizes: of the networks' inputs.
        length: samples in the whole training.
        seed: of all draws.
        bare_questions: whether the VLM is asked a question's own text; otherwise one of the
            templates of its kind is drawn.
        released: what is done as the released training does it.
    """

    def __init__(
        self,
        draws: SampleDraws,
        proposals: ProposalGenerator,
        sizes: InputSizes,
        length: int,
        seed: int = 0,
        bare_questions: bool = False,
        released: ReleasedSwitches = OUR_TRAINING,
    ) -> None:
        super().__init__(seed)
        self.draws, self.proposals, self.sizes = draws, proposals, sizes
        self.length, self.bare_questions, self.released = length, bare_questions, released

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> AdapterSample:
        rng = self.rng(index)
        sample = self._drawn(rng)
        proposals = self.proposals(sample.image).to("cpu")
        sizes, masks, released = self.sizes, proposals.masks, self.released
        targets = [
            proposal_targets(
                masks, each.mask, None if released.ignored_as_background else each.ignore
            )
            for each in sample.questions
        ]
        antialias = not released.plain_shrinking or sample.group is DataGroup.REASONING
        return AdapterSample(
            image=sample.image,
            weights=proposal_weights(masks, sizes.feature_size, sizes.pooling_size, antialias),
            boxes=normalized_boxes(proposals.boxes_px, proposals.image_size),
            pixel_values=clip_input(sample.image, sizes.vlm_size, sizes.vlm_fit)[0].float(),
            target_iou=torch.stack([iou for iou, _ in targets]),
            target_iop=torch.stack([iop for _, iop in targets]),
            questions=tuple(
                spoken_question(each, rng, released.lower_case, self.bare_questions)
                for each in sample.questions
            ),
            answers=tuple(ANSWERS[rng.integers(len(ANSWERS))] for _ in sample.questions),
        )

    def _drawn(self, rng: np.random.Generator) -> DataSample:
        """One sample; broken ones that were left out for it are named once."""
        known = set(self.draws.broken)
        sample = self.draws.draw(rng)
        for name in self.draws.broken.keys() - known:
            tqdm.write(f"left out: {self.draws.broken[name]}", file=sys.stderr)
        return sample


def collate_adapter(samples: Sequence[AdapterSample]) -> dict[str, Any]:
    """Pad and stack: {"batch": `AdapterBatch`}."""
    width = max(1, max(len(sample.boxes) for sample in samples))
    valid = torch.zeros(len(samples), width, dtype=torch.bool)
    for row, sample in zip(valid, samples, strict=True):
        row[: len(sample.boxes)] = True
    batch = AdapterBatch(
        images=tuple(sample.image for sample in samples),
        weights=torch.stack([_padded(sample.weights, 0, width) for sample in samples]),
        boxes=torch.stack([_padded(sample.boxes, 0, width) for sample in samples]),
        valid=valid,
        pixel_values=torch.stack([sample.pixel_values for sample in samples]),
        image=torch.tensor(
            [place for place, sample in enumerate(samples) for _ in sample.questions],
            dtype=torch.int64,
        ),
        target_iou=torch.cat([_padded(sample.target_iou, 1, width) for sample in samples]),
        target_iop=torch.cat([_padded(sample.target_iop, 1, width) for sample in samples]),
        questions=tuple(text for sample in samples for text in sample.questions),
        answers=tuple(text for sample in samples for text in sample.answers),
    )
    return {"batch": batch}


def _padded(values: Tensor, dimension: int, length: int) -> Tensor:
    """`values` with zeros after them, so that `dimension` has `length`."""
    shape = list(values.shape)
    shape[dimension] = length - shape[dimension]
    return torch.cat((values, values.new_zeros(shape)), dimension)
