# SPDX-License-Identifier: Apache-2.0
"""What VLM and mask selector of the embedded model learn from encoded scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmseg_core.config.limits import AtLeast
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.seg_token import SegTokenEncoder

from ..learning.batch import ProposalBatch
from ..learning.scoring import LossWeights, ProposalScorer, ScoredQuestions, paper_losses
from ..questions import CATEGORIES, QuestionSample, knowledge_of
from ..trainer.objective import Objective, StepLoss
from .recognition_data import COLOUR_NAMES

__all__ = ["MeantQuestions", "SelectionModel", "SelectionObjective", "SelectionWeights"]

RELATIONS = (
    "left_of",
    "right_of",
    "behind",
    "in_front_of",
    "next_to",
    "leftmost",
    "rightmost",
    "nearest",
    "farthest",
)


@dataclass(frozen=True)
class SelectionWeights(LossWeights):
    """Weights of the parts of the loss; the first three are those of `LossWeights`."""

    meaning: Annotated[float, AtLeast(0)] = 1.0
    """what the instruction names (category, colour, relation), read off the hidden state; stands in
    for the pretraining that a language model usually brings"""


@dataclass(frozen=True)
class MeantQuestions(ScoredQuestions):
    """Predictions for R questions, and what they are read to name.

    Attributes:
        meaning: (R, categories + colours + 1 + relations + 1) float, logits.
    """

    meaning: Tensor


class SelectionModel(ProposalScorer):
    """VLM and mask selector, with a head for the meaning of instructions that only training has.

    Args:
        seg_token_encoder: the VLM.
        selector: the mask selector.
        categories: what scenes can have; the head tells apart all that its catalogue knows.
    """

    def __init__(
        self,
        seg_token_encoder: SegTokenEncoder,
        selector: MaskSelector,
        categories: Sequence[str] = CATEGORIES,
    ) -> None:
        super().__init__(seg_token_encoder, selector)
        self.categories = knowledge_of(categories).categories
        self.sizes = (len(self.categories), len(COLOUR_NAMES) + 1, len(RELATIONS) + 1)
        self.meaning_head = nn.Linear(seg_token_encoder.hidden_dim, sum(self.sizes))

    def forward(self, batch: ProposalBatch, vlm_learns: bool = True) -> MeantQuestions:
        """See `ProposalScorer`; with the meaning of each question."""
        scored = super().forward(batch, vlm_learns)
        return MeantQuestions(**vars(scored), meaning=self.meaning_head(scored.hidden))

    def meaning_loss(self, logits: Tensor, questions: tuple[QuestionSample, ...]) -> Tensor:
        """How badly the hidden states tell category, colour and relation; scalar."""
        category, colour, relation = logits.split(self.sizes, dim=1)
        names = self.categories
        wanted = torch.zeros_like(category)
        for row, question in enumerate(questions):
            wanted[row, [names.index(name) for name in question.target_categories]] = 1
        colours = [_index(COLOUR_NAMES, question.target_colour) for question in questions]
        relations = [_index(RELATIONS, question.relation) for question in questions]
        device = logits.device
        return (
            5 * F.binary_cross_entropy_with_logits(category, wanted)
            + F.cross_entropy(colour, torch.tensor(colours, device=device))
            + F.cross_entropy(relation, torch.tensor(relations, device=device))
        )


def _index(names: tuple[str, ...], name: str | None) -> int:
    """Place of `name`; None comes after the last."""
    return len(names) if name is None else names.index(name)


class SelectionObjective(Objective[ProposalBatch]):
    """The paper's losses, and the meaning head's.

    Args:
        model: trained in place.
        weights: of the parts of the loss.
        vlm_from: step from which the VLM learns too; before, the selector learns to read it.
        untouched: whether questions that no proposal touches count in the alignment loss.
    """

    model: SelectionModel

    def __init__(
        self,
        model: SelectionModel,
        weights: SelectionWeights,
        vlm_from: int = 0,
        untouched: bool = False,
    ) -> None:
        super().__init__(model)
        self.weights, self.vlm_from, self.untouched = weights, vlm_from, untouched

    def loss(self, model: nn.Module, batch: ProposalBatch, step: int) -> StepLoss:
        """All losses of a batch with meanings."""
        out: MeantQuestions = model(batch, vlm_learns=step >= self.vlm_from)
        temperature = self.model.selector.config.temperature
        losses = paper_losses(out, batch, temperature, self.untouched)
        meaning = self.model.meaning_loss(out.meaning, batch.meanings)
        parts = {**losses.named(), "meaning_loss": meaning}
        answerable = (batch.target_iou > 0).any(1)
        if answerable.any():
            best = top_iou(out.iou_score, batch.target_iou, batch.question_valid)
            parts["top_iou"] = best[answerable].mean()
        return StepLoss(self.weights.total(losses) + self.weights.meaning * meaning, parts)


def top_iou(iou_score: Tensor, target_iou: Tensor, valid: Tensor) -> Tensor:
    """True IoU of the best-ranked proposal of each question, (R,) float; arguments (R, K)."""
    best = iou_score.masked_fill(~valid, -2).argmax(1, keepdim=True)
    return target_iou.gather(1, best)[:, 0]
