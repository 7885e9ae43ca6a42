# SPDX-License-Identifier: Apache-2.0
"""What the paper's training minimises: LoRA, embeddings, head and selector learn, no more."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from llmseg_core.embeddings.mask_embedder import ImageEncoder
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.seg_token import SegTokenEncoder

from ..learning.batch import ProposalBatch
from ..learning.scoring import LossWeights, ProposalScorer, ScoredQuestions, paper_losses
from ..trainer.objective import LearningObjective, StepLoss, learning_parameters
from .feature_memory import MOST_BYTES, FeatureMemory

__all__ = [
    "AdapterModel",
    "AdapterObjective",
    "VlmModel",
    "mixed_precision",
]


def mixed_precision(device: torch.device, bfloat16: bool) -> AbstractContextManager[object]:
    """Within it matrices are multiplied in bfloat16, whatever format their numbers have.

    Args:
        device: on which they are multiplied.
        bfloat16: False changes nothing.
    """
    return torch.autocast(device.type, torch.bfloat16) if bfloat16 else nullcontext()


class VlmModel(nn.Module):
    """A VLM with LoRA, and what learns beside it."""

    seg_token_encoder: SegTokenEncoder

    def learning(self) -> dict[str, nn.Parameter]:
        """Everything that learns, by name; what several names share is listed once."""
        return learning_parameters(self)


class AdapterModel(ProposalScorer, VlmModel):
    """VLM with LoRA, and mask selector.

    Args:
        seg_token_encoder: the VLM.
        selector: the mask selector.
        in_bfloat16: whether it multiplies in bfloat16, see `mixed_precision`.
    """

    def __init__(
        self,
        seg_token_encoder: SegTokenEncoder,
        selector: MaskSelector,
        in_bfloat16: bool = False,
    ) -> None:
        super().__init__(seg_token_encoder, selector)
        self.in_bfloat16 = in_bfloat16

    def forward(self, batch: ProposalBatch, vlm_learns: bool = True) -> ScoredQuestions:
        """See `ProposalScorer`."""
        with mixed_precision(batch.boxes_rel.device, self.in_bfloat16):
            return super().forward(batch, vlm_learns)


class AdapterObjective(LearningObjective[ProposalBatch]):
    """The paper's losses; checkpoints hold only what learns.

    Args:
        model: trained in place.
        image_encoder: the frozen image encoder, on the model's device.
        weights: of the parts of the loss.
        untouched: whether questions that no proposal touches count in the alignment loss.
        feature_bytes: of what the encoder said of images that is kept, see `FeatureMemory`.
    """

    model: AdapterModel

    def __init__(
        self,
        model: AdapterModel,
        image_encoder: ImageEncoder,
        weights: LossWeights,
        untouched: bool = False,
        feature_bytes: int = MOST_BYTES,
    ) -> None:
        super().__init__(model)
        self.weights, self.untouched = weights, untouched
        self.features = FeatureMemory(image_encoder, feature_bytes)

    def loss(self, model: nn.Module, batch: ProposalBatch, step: int) -> StepLoss:
        """All losses of a batch with images."""
        batch = batch.with_features(self.features.pooled(batch))
        scored: ScoredQuestions = model(batch)
        temperature = self.model.selector.config.temperature
        losses = paper_losses(scored, batch, temperature, self.untouched)
        return StepLoss(self.weights.total(losses), losses.named())
