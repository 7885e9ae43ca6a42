# SPDX-License-Identifier: Apache-2.0
"""The paper's training: LoRA, embeddings, head and selector learn; SAM and image encoder do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers.trainer_utils import TrainOutput
from transformers.utils import SAFE_WEIGHTS_NAME

from llmseg_core.embeddings.mask_embedder import ImageEncoder
from llmseg_core.embeddings.mask_pooling import mask_pooling
from llmseg_core.model_dir.network_files import refuse_wrong_keys

from ..learning.batch import ProposalBatch
from ..learning.scoring import LossWeights, ProposalScorer, ScoredQuestions, paper_losses
from ..trainer.loop import WholeTrainer
from .validation import AdapterValidation

__all__ = ["AdapterModel", "AdapterTrainer", "pooled_features"]


class AdapterModel(ProposalScorer):
    """VLM with LoRA, and mask selector."""

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


class AdapterTrainer(WholeTrainer):
    """transformers' Trainer with the paper's losses; its checkpoints hold only what learns.

    Args:
        image_encoder: the frozen image encoder, on the trainer's device.
        weights: of the parts of the loss.
        validation: scores the model between steps and keeps the best; None scores nothing.
    """

    def __init__(
        self,
        *args: Any,
        image_encoder: ImageEncoder,
        weights: LossWeights,
        validation: AdapterValidation | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.image_encoder = image_encoder
        self.weights = weights
        self.validation = validation

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, ProposalBatch],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """All losses of one batch (see `collate_proposals`)."""
        batch = inputs["batch"].to(self.args.device)
        batch = batch.with_features(pooled_features(self.image_encoder, batch))
        scored: ScoredQuestions = model(batch)
        losses = paper_losses(scored, batch, self.model.selector.config.temperature)
        self.note("alignment_loss", losses.alignment)
        self.note("iop_loss", losses.iop)
        self.note("language_loss", losses.language)
        loss = self.weights.total(losses)
        return (loss, scored) if return_outputs else loss

    def train(self, *args: Any, **kwargs: Any) -> TrainOutput:
        """See the parent; before, a few validation samples show whether that will work."""
        if self.validation is not None:
            self.model.eval()
            with self.accelerator.autocast():
                self.validation.check()
        return super().train(*args, **kwargs)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Scores on the validation data, logged; the best model is stored."""
        assert self.validation is not None
        self.model.eval()
        with self.accelerator.autocast():
            scores = self.validation.run(self.state.global_step)
        metrics = {f"eval_{name}": value for name, value in scores.items()}
        self.log(metrics)
        self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        """What learns, and nothing of the frozen parts."""
        if not self.args.should_save:
            return
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        values = {
            name: parameter.detach().cpu().contiguous()
            for name, parameter in self.model.learning().items()
        }
        save_file(values, folder / SAFE_WEIGHTS_NAME)

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: nn.Module | None = None
    ) -> None:
        """What `_save` wrote, strictly."""
        file = Path(resume_from_checkpoint) / SAFE_WEIGHTS_NAME
        found, wanted = load_file(file), self.model.learning()
        refuse_wrong_keys(file, wanted.keys() - found.keys(), found.keys() - wanted.keys())
        with torch.no_grad():
            for name, parameter in wanted.items():
                parameter.copy_(found[name])
