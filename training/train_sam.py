"""Stage "sam" of the embedded model: everything mode learns to propose objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import SamModel

from llmseg_core.build import build_embedded_sam

from .sam_data import SamDataset, collate_sam
from .sam_training import SamTrainer, SamTrainingModel
from .scenes import SceneFolder
from .trainer_setup import training_arguments
from .whole_trainer import last_checkpoint

__all__ = ["SamRecipe", "train_sam"]


@dataclass(frozen=True)
class SamRecipe:
    """How the embedded SAM is trained."""

    steps: int = 4000
    """optimizer steps"""
    batch_size: int = 8
    """images a step"""
    points: int = 8
    """point prompts an image"""
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    decay_steps: int = 1000
    balance: float = 0.3
    """share of class-balanced cross-entropy, [0, 1]"""


def train_sam(scenes: SceneFolder, folder: Path, recipe: SamRecipe, seed: int) -> SamModel:
    """Train from scratch, or go on from the last checkpoint in `folder`.

    Args:
        scenes: training scenes.
        folder: gets checkpoints and logs, and the result in `folder/sam`.
        recipe: sizes and rates.
        seed: of weights, order and prompts.

    Returns:
        The trained model, in evaluation mode.
    """
    torch.manual_seed(seed)
    model = SamTrainingModel(build_embedded_sam(seed))
    size = model.sam.config.vision_config.image_size
    trainer = SamTrainer(
        model=model,
        args=training_arguments(
            folder,
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            learning_rate=recipe.learning_rate,
            warmup_steps=recipe.warmup_steps,
            decay_steps=recipe.decay_steps,
            seed=seed,
        ),
        train_dataset=SamDataset(scenes, size, recipe.points, augment=True, seed=seed),
        data_collator=collate_sam,
        balance=recipe.balance,
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(folder))
    model.sam.eval().save_pretrained(folder / "sam")
    return model.sam
