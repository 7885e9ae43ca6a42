# SPDX-License-Identifier: Apache-2.0
"""The mask selector alone: it learns from questions that a VLM has heard before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmseg_core.selector.selector import MaskSelector

from ..learning.batch import Batch
from ..learning.scoring import LossWeights
from ..learning.selection_losses import alignment_loss, iop_loss
from ..trainer.drawn_dataset import DrawnDataset
from ..trainer.objective import Objective, StepLoss
from .heard_questions import HeardPass
from .selection_augment import mirrored, thinned
from .selection_data import question_rows
from .selection_objective import top_iou
from .selection_scene import SelectionScene

__all__ = ["HeardBatch", "HeardDataset", "ListeningSelector", "SelectorObjective", "collate_heard"]


@dataclass(frozen=True)
class HeardSample:
    """One image with K proposals and R questions about it, which were heard.

    Attributes:
        features: (K, C) float32, pooled.
        boxes_rel: (K, 4) float32, fractions of the image.
        hidden: (R, hidden) float32, the VLM's states before the seg token.
        target_iou: (R, K) float32.
        target_iop: (R, K) float32.
    """

    features: Tensor
    boxes_rel: Tensor
    hidden: Tensor
    target_iou: Tensor
    target_iop: Tensor


@dataclass(frozen=True)
class HeardBatch(Batch):
    """B images with R questions in all, proposals padded to the same K; see `HeardSample`.

    Attributes:
        features: (B, K, C) float32.
        boxes_rel: (B, K, 4) float32.
        valid: (B, K) bool, False where a proposal is padding.
        image_index: (R,) int64, the image of each question.
        hidden: (R, hidden) float32.
        target_iou: (R, K) float32.
        target_iop: (R, K) float32.
    """

    features: Tensor
    boxes_rel: Tensor
    valid: Tensor
    image_index: Tensor
    hidden: Tensor
    target_iou: Tensor
    target_iop: Tensor

    @property
    def question_valid(self) -> Tensor:
        """(R, K) bool, False where a proposal of a question's image is padding."""
        return self.valid[self.image_index]


def collate_heard(samples: Sequence[HeardSample]) -> HeardBatch:
    """Pad to the most proposals, at least one, and stack."""
    counts = torch.tensor([len(sample.boxes_rel) for sample in samples])
    width = max(1, int(counts.max()))
    asked = torch.tensor([len(sample.hidden) for sample in samples])

    def wide(rows: Tensor) -> Tensor:
        return F.pad(rows, (0, width - rows.shape[1]))

    def high(rows: Tensor) -> Tensor:
        return F.pad(rows, (0, 0, 0, width - len(rows)))

    return HeardBatch(
        features=torch.stack([high(sample.features) for sample in samples]),
        boxes_rel=torch.stack([high(sample.boxes_rel) for sample in samples]),
        valid=torch.arange(width) < counts[:, None],
        image_index=torch.arange(len(samples)).repeat_interleave(asked),
        hidden=torch.cat([sample.hidden for sample in samples]),
        target_iou=torch.cat([wide(sample.target_iou) for sample in samples]),
        target_iop=torch.cat([wide(sample.target_iop) for sample in samples]),
    )


class HeardDataset(DrawnDataset[HeardSample]):
    """Encoded scenes with what was asked about them, some proposals missing anew at every pass.

    Args:
        scenes: from `encode_scenes`.
        passes: questions, which take turns.
        seed: of what is missing.
        width: of the scenes in pixels.
    """

    def __init__(
        self, scenes: Sequence[SelectionScene], passes: Sequence[HeardPass], seed: int, width: int
    ) -> None:
        super().__init__(seed)
        self.scenes, self.passes, self.width = scenes, passes, width

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> HeardSample:
        scene = self.scenes[index]
        heard = self.passes[self.epoch % len(self.passes)].of(index, scene)
        scene = thinned(scene, self.rng(index))
        scene = mirrored(scene, self.width) if heard.mirrored else scene
        overlaps, count = scene.overlaps, len(scene.boxes)
        return HeardSample(
            features=scene.features.float(),
            boxes_rel=scene.boxes,
            hidden=heard.hidden,
            target_iou=question_rows([*map(overlaps.iou, heard.target_ids)], count),
            target_iop=question_rows([*map(overlaps.iop, heard.target_ids)], count),
        )


class ListeningSelector(nn.Module):
    """A mask selector, asked about a batch of images.

    Args:
        selector: learns.
    """

    def __init__(self, selector: MaskSelector) -> None:
        super().__init__()
        self.selector = selector

    def forward(self, batch: HeardBatch) -> tuple[Tensor, Tensor]:
        """See `MaskSelector.score_questions`."""
        return self.selector.score_questions(
            batch.features, batch.boxes_rel, batch.valid, batch.hidden, batch.image_index
        )


class SelectorObjective(Objective[HeardBatch]):
    """The two of the paper's losses that are the selector's.

    Args:
        model: trained in place.
        weights: of the parts of the loss.
        untouched: whether questions that no proposal touches count in the alignment loss.
    """

    model: ListeningSelector

    def __init__(self, model: ListeningSelector, weights: LossWeights, untouched: bool) -> None:
        super().__init__(model)
        self.weights, self.untouched = weights, untouched

    def loss(self, model: nn.Module, batch: HeardBatch, step: int) -> StepLoss:
        """Both losses of a batch."""
        iou_score, iop = model(batch)
        valid, temperature = batch.question_valid, self.model.selector.config.temperature
        ranking = alignment_loss(iou_score, batch.target_iou, valid, temperature, self.untouched)
        inside = iop_loss(iop, batch.target_iop, valid)
        parts = {"alignment_loss": ranking, "iop_loss": inside}
        answerable = (batch.target_iou > 0).any(1)
        if answerable.any():
            parts["top_iou"] = top_iou(iou_score, batch.target_iou, valid)[answerable].mean()
        return StepLoss(self.weights.alignment * ranking + self.weights.iop * inside, parts)
