# SPDX-License-Identifier: Apache-2.0
"""What LISA's training minimises: LoRA, embeddings, head, projection and mask decoder learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmseg_core.prompted.masks import PromptedImage
from llmseg_core.prompted.seg_prompt import SegPromptDecoder
from llmseg_core.proposals.mask_resize import LogitResize
from llmseg_core.vlm.seg_token import SegTokenEncoder

from ..adapter.objective import VlmModel, mixed_precision
from ..learning.lisa_losses import MaskLosses, MaskLossWeights, mask_losses
from ..trainer.objective import LearningObjective, StepLoss
from .batch import MaskBatch

__all__ = ["LisaModel", "LisaObjective", "SpokenMasks"]


@dataclass(frozen=True)
class SpokenMasks:
    """Predictions for R questions.

    Attributes:
        low: (R, 4 h, 4 w) float, logits of the mask decoder.
        logits: (M, vocabulary) float, predictions of the scored answer tokens.
        labels: (M,) int64, those tokens.
    """

    low: Tensor
    logits: Tensor
    labels: Tensor


class LisaModel(VlmModel):
    """VLM with LoRA, and what draws.

    Args:
        seg_token_encoder: the VLM.
        decoder: projection and mask decoder.
        in_bfloat16: whether it multiplies in bfloat16, see `mixed_precision`.
    """

    def __init__(
        self,
        seg_token_encoder: SegTokenEncoder,
        decoder: SegPromptDecoder,
        in_bfloat16: bool = False,
    ) -> None:
        super().__init__()
        self.seg_token_encoder, self.decoder = seg_token_encoder, decoder
        self.in_bfloat16 = in_bfloat16

    def forward(self, batch: MaskBatch, embeddings: Tensor, vlm_learns: bool = True) -> SpokenMasks:
        """Draw what each question means.

        Args:
            batch: B images with questions, each with at least one.
            embeddings: (B, C, h, w) float, of SAM's image encoder.
            vlm_learns: False keeps the VLM out of the backward pass, which makes a step cheap.
        """
        with mixed_precision(embeddings.device, self.in_bfloat16):
            prompts = self.seg_token_encoder.training_batch(
                batch.questions, batch.answers, batch.question_grids
            )
            with torch.set_grad_enabled(vlm_learns and torch.is_grad_enabled()):
                spoken = self.seg_token_encoder(
                    batch.pixel_values, batch.image_index, prompts, batch.grids
                )
            low = [
                self.decoder(embedding[None], spoken.hidden[batch.image_index == index])[0]
                for index, embedding in enumerate(embeddings)
            ]
        return SpokenMasks(torch.cat(low), spoken.logits, spoken.labels)


class FrozenSam(Protocol):
    """What encodes images: `SamMasks`, or what remembers its results."""

    input_size: int

    def encode(self, image: np.ndarray) -> PromptedImage:
        """(H, W, 3) uint8 RGB, encoded."""


class LisaObjective(LearningObjective[MaskBatch]):
    """LISA's losses; checkpoints hold only what learns.

    Args:
        model: trained in place.
        segmenter: the frozen SAM, on the model's device.
        language: weight of the language model's cross-entropy.
        weights: of the other parts of the loss.
        vlm_from: step from which the VLM learns too.
    """

    model: LisaModel

    def __init__(
        self,
        model: LisaModel,
        segmenter: FrozenSam,
        language: float = 1.0,
        weights: MaskLossWeights | None = None,
        vlm_from: int = 0,
    ) -> None:
        super().__init__(model)
        self.segmenter, self.language = segmenter, language
        self.weights, self.vlm_from = weights or MaskLossWeights(), vlm_from

    def loss(self, model: nn.Module, batch: MaskBatch, step: int) -> StepLoss:
        """All losses of a batch."""
        encoded = [self.segmenter.encode(image) for image in batch.images]
        embeddings = torch.cat([each.features["image_embeddings"] for each in encoded])
        # no inference tensors
        spoken: SpokenMasks = model(batch, embeddings.clone(), vlm_learns=step >= self.vlm_from)
        losses = self._mask_losses(spoken, batch, encoded)
        language = F.cross_entropy(spoken.logits.float(), spoken.labels)
        total = self.language * language + self.weights.total(losses)
        return StepLoss(total, {"language_loss": language, **losses.named()})

    def _mask_losses(
        self, spoken: SpokenMasks, batch: MaskBatch, encoded: list[PromptedImage]
    ) -> MaskLosses:
        """At the size of each image, in float32 whatever the rest is computed in."""
        size = int(spoken.low.shape[1]), int(spoken.low.shape[2])
        each = []
        for question, index in enumerate(batch.image_index.tolist()):
            shape, side = encoded[index].image_size, self.segmenter.input_size
            resize = LogitResize(size, shape, side, spoken.low.device)
            truth = (
                torch.from_numpy(masks[question]).to(spoken.low.device)
                for masks in (batch.masks, batch.ignored)
            )
            each.append(mask_losses(resize(spoken.low[question][None])[0], *truth))
        return MaskLosses.mean(each)
