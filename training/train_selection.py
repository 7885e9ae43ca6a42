"""Stages "language" and "selection" of the embedded model: instructions, then proposals too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from .language_training import (
    InstructionDataset,
    LanguageModel,
    LanguageTrainer,
    collate_instructions,
)
from .selection_data import SelectionDataset, SelectionScene, collate_selection
from .selection_training import LossWeights, SelectionModel, SelectionTrainer
from .trainer_setup import training_arguments
from .whole_trainer import last_checkpoint

__all__ = ["LanguageRecipe", "SelectionRecipe", "train_language", "train_selection"]


@dataclass(frozen=True)
class LanguageRecipe:
    """How the language model is trained before it meets images."""

    steps: int = 1500
    """optimizer steps"""
    batch_size: int = 8
    """made-up scenes a step"""
    questions: int = 8
    """most instructions a scene"""
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    decay_steps: int = 300


@dataclass(frozen=True)
class SelectionRecipe:
    """How VLM and selector are trained."""

    steps: int = 5000
    """optimizer steps"""
    batch_size: int = 12
    """images a step"""
    questions: int = 6
    """most questions an image"""
    learning_rate: float = 7e-4
    warmup_steps: int = 200
    decay_steps: int = 1500
    alignment_weight: float = 1.0
    """of the ranking loss"""
    iop_weight: float = 50.0
    """of the IoP loss"""
    language_weight: float = 1.0
    """of the language model's loss"""
    meaning_weight: float = 1.0
    """of the meaning head's loss"""


def train_language(model: SelectionModel, folder: Path, recipe: LanguageRecipe, seed: int) -> None:
    """Train the language model in place on instructions alone; goes on from `folder`.

    Args:
        model: its language model and meaning head learn.
        folder: gets checkpoints and logs.
        recipe: sizes and rates.
        seed: of the instructions.
    """
    torch.manual_seed(seed)
    trainer = LanguageTrainer(
        model=LanguageModel(model.train()),
        args=training_arguments(
            folder,
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            learning_rate=recipe.learning_rate,
            warmup_steps=recipe.warmup_steps,
            decay_steps=recipe.decay_steps,
            seed=seed,
        ),
        train_dataset=InstructionDataset(recipe.steps * recipe.batch_size, recipe.questions, seed),
        data_collator=collate_instructions,
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(folder))


def train_selection(
    model: SelectionModel,
    scenes: Sequence[SelectionScene],
    folder: Path,
    recipe: SelectionRecipe,
    seed: int,
) -> None:
    """Train the VLM and the selector in place; goes on from the last checkpoint in `folder`.

    Args:
        model: VLM and selector.
        scenes: encoded training scenes.
        folder: gets checkpoints and logs.
        recipe: sizes, rates and weights of the losses.
        seed: of order, questions and answers.
    """
    torch.manual_seed(seed)
    trainer = SelectionTrainer(
        model=model.train(),
        args=training_arguments(
            folder,
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            learning_rate=recipe.learning_rate,
            warmup_steps=recipe.warmup_steps,
            decay_steps=recipe.decay_steps,
            seed=seed,
        ),
        train_dataset=SelectionDataset(scenes, recipe.questions, "train", seed),
        data_collator=collate_selection,
        weights=LossWeights(
            recipe.alignment_weight,
            recipe.iop_weight,
            recipe.language_weight,
            recipe.meaning_weight,
        ),
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(folder))
    model.eval()
