# SPDX-License-Identifier: Apache-2.0
"""What the paper's training minimises: LoRA, embeddings, head and selector learn, no more."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from llmseg_core.embeddings.mask_embedder import ImageEncoder
from llmseg_core.embeddings.mask_pooling import mask_pooling
from llmseg_core.model_dir.network_files import refuse_wrong_keys
from llmseg_core.selector.selector import MaskSelector
from llmseg_core.vlm.seg_token import SegTokenEncoder

from ..learning.batch import ProposalBatch
from ..learning.scoring import LossWeights, ProposalScorer, ScoredQuestions, paper_losses
from ..trainer.objective import Objective, StepLoss

__all__ = ["AdapterModel", "AdapterObjective", "mixed_precision", "pooled_features"]


def mixed_precision(device: torch.device, bfloat16: bool) -> AbstractContextManager[object]:
    """Within it matrices are multiplied in bfloat16, whatever format their numbers have.

    Args:
        device: on which they are multiplied.
        bfloat16: False changes nothing.
    """
    return torch.autocast(device.type, torch.bfloat16) if bfloat16 else nullcontext()


class AdapterModel(ProposalScorer):
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

    def learning(self) -> dict[str, nn.Parameter]:
        """Everything that learns, by name; what several names share is listed once."""
        named = self.named_parameters()
        return {name: parameter for name, parameter in named if parameter.requires_grad}


def pooled_features(encoder: ImageEncoder, batch: ProposalBatch) -> Tensor:
    """What the frozen image encoder says of each proposal, (B, K, C) float32."""
    if batch.weights is None:
        raise ValueError("the features of this batch are pooled already")
    pooled = [
        mask_pooling(encoder.encode(image), weights)
        for image, weights in zip(batch.images, batch.weights, strict=True)
    ]
    return torch.stack([features.clone() for features in pooled])  # no inference tensors


class AdapterObjective(Objective[ProposalBatch]):
    """The paper's losses; checkpoints hold only what learns.

    Args:
        model: trained in place.
        image_encoder: the frozen image encoder, on the model's device.
        weights: of the parts of the loss.
        untouched: whether questions that no proposal touches count in the alignment loss.
    """

    model: AdapterModel

    def __init__(
        self,
        model: AdapterModel,
        image_encoder: ImageEncoder,
        weights: LossWeights,
        untouched: bool = False,
    ) -> None:
        super().__init__(model)
        self.image_encoder, self.weights, self.untouched = image_encoder, weights, untouched

    def loss(self, model: nn.Module, batch: ProposalBatch, step: int) -> StepLoss:
        """All losses of a batch with images."""
        batch = batch.with_features(pooled_features(self.image_encoder, batch))
        scored: ScoredQuestions = model(batch)
        temperature = self.model.selector.config.temperature
        losses = paper_losses(scored, batch, temperature, self.untouched)
        return StepLoss(self.weights.total(losses), losses.named())

    def save(self, file: Path) -> None:
        """What learns, and nothing of the frozen parts."""
        values = {
            name: parameter.detach().cpu().contiguous()
            for name, parameter in self.model.learning().items()
        }
        save_file(values, file)

    def load(self, file: Path) -> None:
        """What `save` wrote, strictly.

        Raises:
            ValueError: if the file is damaged, or its weights are others or have other shapes.
        """
        try:
            found, wanted = load_file(file), self.model.learning()
        except SafetensorError as error:
            raise ValueError(f"{file} is damaged: {error}") from error
        refuse_wrong_keys(file, wanted.keys() - found.keys(), found.keys() - wanted.keys())
        for name, parameter in wanted.items():
            if found[name].shape != parameter.shape:
                raise ValueError(
                    f"{file}: {name} is {tuple(found[name].shape)}, the model's is "
                    f"{tuple(parameter.shape)}"
                )
        with torch.no_grad():
            for name, parameter in wanted.items():
                parameter.copy_(found[name])
