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
from .trainer_setup import TrainingRecipe, training_arguments

__all__ = ["RecognitionRecipe", "train_recognition"]


@dataclass(frozen=True)
class RecognitionRecipe(TrainingRecipe):
    """How the embedded image encoder is trained before any language; a sample is an image."""

    steps: int = 2500
    batch_size: int = 12
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
        args=training_arguments(folder, recipe, seed),
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
    trainer.train_to_end()
    encoder.model.eval().save_pretrained(folder / "dinov2")
    save_file(projection.state_dict(), folder / "mask_projection.safetensors")
    return encoder, projection
