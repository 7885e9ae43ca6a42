# SPDX-License-Identifier: Apache-2.0
"""VLM and mask selector in one trained module, and the paper's three losses on what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmseg_core.config.limits import AtLeast
from llmseg_core.config.settings import Settings
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.seg_token import SegTokenEncoder

from .batch import ProposalBatch
from .selection_losses import alignment_loss, iop_loss

__all__ = ["LossWeights", "PaperLosses", "ProposalScorer", "ScoredQuestions", "paper_losses"]


@dataclass(frozen=True)
class ScoredQuestions:
    """Predictions for R questions.

    Attributes:
        iou_score: (R, K) float32 in [-1, 1].
        iop: (R, K) float32 in [0, 1].
        logits: (M, vocabulary) float, predictions of the scored answer tokens.
        labels: (M,) int64, those tokens.
        hidden: (R, hidden) float, the VLM's states before the seg token.
    """

    iou_score: Tensor
    iop: Tensor
    logits: Tensor
    labels: Tensor
    hidden: Tensor


@dataclass(frozen=True)
class PaperLosses:
    """The parts of the loss, each a scalar before its weight.

    Attributes:
        alignment: ranking by IoU (paper equation 1).
        iop: predicted IoP (paper equation 3).
        language: the language model's cross-entropy on the answer.
    """

    alignment: Tensor
    iop: Tensor
    language: Tensor

    def named(self) -> dict[str, Tensor]:
        """By the names that they have in a log."""
        return {f"{name}_loss": value for name, value in vars(self).items()}


@dataclass(frozen=True)
class LossWeights(Settings):
    """Weights of the parts of the loss; by default as the method was trained."""

    alignment: Annotated[float, AtLeast(0)] = 1.0
    """ranking by IoU (paper section 5.1.1)"""
    iop: Annotated[float, AtLeast(0)] = 50.0
    """IoP (paper section 5.1.1)"""
    language: Annotated[float, AtLeast(0)] = 1.0
    """the language model's cross-entropy, of which the paper does not speak: the released code's"""

    def total(self, losses: PaperLosses) -> Tensor:
        """The weighted sum, a scalar."""
        return (
            self.alignment * losses.alignment
            + self.iop * losses.iop
            + self.language * losses.language
        )


class ProposalScorer(nn.Module):
    """VLM and mask selector.

    Args:
        seg_token_encoder: the VLM.
        selector: the mask selector.
    """

    def __init__(self, seg_token_encoder: SegTokenEncoder, selector: MaskSelector) -> None:
        super().__init__()
        self.seg_token_encoder = seg_token_encoder
        self.selector = selector

    def forward(self, batch: ProposalBatch, vlm_learns: bool = True) -> ScoredQuestions:
        """Score the proposals of each question's image.

        Args:
            batch: with features.
            vlm_learns: False keeps the VLM out of the backward pass, which makes a step cheap.

        Raises:
            ValueError: if the features of the batch are not pooled yet.
        """
        if batch.features is None:
            raise ValueError("the batch has no features yet: pool them first")
        prompts = self.seg_token_encoder.training_batch(
            batch.questions, batch.answers, batch.question_grids
        )
        with torch.set_grad_enabled(vlm_learns and torch.is_grad_enabled()):
            spoken = self.seg_token_encoder(
                batch.pixel_values, batch.image_index, prompts, batch.grids
            )
        iou_score, iop = self.selector.score_questions(
            batch.features, batch.boxes_rel, batch.valid, spoken.hidden, batch.image_index
        )
        return ScoredQuestions(iou_score, iop, spoken.logits, spoken.labels, spoken.hidden)


def paper_losses(
    scored: ScoredQuestions, batch: ProposalBatch, temperature: float, untouched: bool = False
) -> PaperLosses:
    """How far predictions are from the truth.

    Args:
        scored: predictions for the questions of `batch`.
        batch: what is true.
        temperature: of both softmaxes of the alignment loss.
        untouched: see `alignment_loss`.
    """
    valid = batch.question_valid
    return PaperLosses(
        alignment=alignment_loss(scored.iou_score, batch.target_iou, valid, temperature, untouched),
        iop=iop_loss(scored.iop, batch.target_iop, valid),
        language=F.cross_entropy(scored.logits.float(), scored.labels),
    )
