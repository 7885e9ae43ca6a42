# SPDX-License-Identifier: Apache-2.0
"""VLM and mask selector in one trained module, and the paper's three losses on what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmseg_core.config.limits import AtLeast
from llmseg_core.config.settings import Settings
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.seg_token import SegTokenEncoder

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


@dataclass(frozen=True)
class LossWeights(Settings):
    """Weights of the parts of the loss; the defaults are the paper's."""

    alignment: Annotated[float, AtLeast(0)] = 1.0
    """ranking by IoU"""
    iop: Annotated[float, AtLeast(0)] = 50.0
    """IoP"""
    language: Annotated[float, AtLeast(0)] = 1.0
    """the language model's cross-entropy"""

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

    def score(
        self,
        questions: Sequence[str],
        answers: Sequence[str],
        image: Tensor,
        pixel_values: Tensor,
        features: Tensor,
        boxes: Tensor,
        valid: Tensor,
        vlm_learns: bool = True,
    ) -> ScoredQuestions:
        """Score the proposals of B images for R questions about them.

        Args:
            questions: R texts.
            answers: R texts with one seg token each, which the VLM learns to give.
            image: (R,) int64, the image of each question.
            pixel_values: (B, 3, S, S) float32, input of the VLM.
            features: (B, K, C) float, pooled features of the proposals.
            boxes: (B, K, 4) float32, fractions of the image.
            valid: (B, K) bool, False where a proposal is padding.
            vlm_learns: False keeps the VLM out of the backward pass, which makes a step cheap.
        """
        prompts = self.seg_token_encoder.training_batch(questions, answers)
        with torch.set_grad_enabled(vlm_learns and torch.is_grad_enabled()):
            spoken = self.seg_token_encoder(pixel_values, image, prompts)
        seg_embedding = self.selector.embed_instructions(spoken.hidden)
        masks = self.selector.embed_masks(features, boxes)[image]
        iou_score, iop_logits = self.selector.compare(masks, seg_embedding, valid[image])
        return ScoredQuestions(
            iou_score, iop_logits.sigmoid(), spoken.logits, spoken.labels, spoken.hidden
        )


def paper_losses(
    scored: ScoredQuestions,
    target_iou: Tensor,
    target_iop: Tensor,
    valid: Tensor,
    temperature: float,
    untouched: bool = False,
) -> PaperLosses:
    """How far predictions are from the truth.

    Args:
        scored: R questions.
        target_iou: (R, K) float32 in [0, 1].
        target_iop: (R, K) float32 in [0, 1].
        valid: (R, K) bool, False where a proposal is padding.
        temperature: of both softmaxes of the alignment loss.
        untouched: see `alignment_loss`.
    """
    return PaperLosses(
        alignment=alignment_loss(scored.iou_score, target_iou, valid, temperature, untouched),
        iop=iop_loss(scored.iop, target_iop, valid),
        language=F.cross_entropy(scored.logits.float(), scored.labels),
    )
