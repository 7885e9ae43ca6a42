"""Stage "recognition" of the embedded model: the image encoder learns what things look like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from llmseg_core.build import build_embedded_dinov2, build_selector, embedded_config
from llmseg_core.dinov2 import Dinov2Encoder

from .recognition_data import RecognitionDataset, collate_recognition
from .recognition_training import RecognitionModel, RecognitionTrainer
from .scenes import SceneFolder
from .trainer_setup import training_arguments
from .whole_trainer import last_checkpoint

__all__ = ["RecognitionRecipe", "train_recognition"]


@dataclass(frozen=True)
class RecognitionRecipe:
    """How the embedded image encoder is trained before any language."""

    steps: int = 2500
    """optimizer steps"""
    batch_size: int = 12
    """images a step"""
    learning_rate: float = 1e-3
    warmup_steps: int = 200
    decay_steps: int = 600


def train_recognition(
    scenes: SceneFolder, folder: Path, recipe: RecognitionRecipe, seed: int
) -> tuple[Dinov2Encoder, nn.Linear]:
    """Train from scratch, or go on from the last checkpoint in `folder`.

    Args:
        scenes: training scenes.
        folder: gets checkpoints and logs, and the result in `folder/dinov2` and
            `folder/mask_projection.safetensors`.
        recipe: sizes and rates.
        seed: of weights, order and augmentation.

    Returns:
        The encoder and the selector's projection of its pooled features.
    """
    torch.manual_seed(seed)
    config = embedded_config()
    encoder = Dinov2Encoder(build_embedded_dinov2(seed), config.image_encoder.image_size)
    projection = build_selector(config.selector, seed).mask_projection
    trainer = RecognitionTrainer(
        model=RecognitionModel(encoder, projection),
        args=training_arguments(
            folder,
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            learning_rate=recipe.learning_rate,
            warmup_steps=recipe.warmup_steps,
            decay_steps=recipe.decay_steps,
            seed=seed,
        ),
        train_dataset=RecognitionDataset(
            scenes,
            config.image_encoder.image_size,
            encoder.cells,
            config.image_encoder.pooling_size,
            augment=True,
            seed=seed,
        ),
        data_collator=collate_recognition,
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(folder))
    encoder.model.eval().save_pretrained(folder / "dinov2")
    save_file(projection.state_dict(), folder / "mask_projection.safetensors")
    return encoder, projection
