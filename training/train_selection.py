"""Stage "selection" of the embedded model: instructions meet proposals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from llmseg_core.seg_token import SegTokenEncoder
from llmseg_core.selector import MaskSelector

from .selection_data import SelectionDataset, SelectionScene, collate_selection
from .selection_training import LossWeights, SelectionModel, SelectionTrainer
from .trainer_setup import training_arguments
from .whole_trainer import last_checkpoint

__all__ = ["SelectionRecipe", "train_selection"]


@dataclass(frozen=True)
class SelectionRecipe:
    """How VLM and selector are trained."""

    steps: int = 5000
    """optimizer steps"""
    batch_size: int = 12
    """images a step"""
    questions: int = 6
    """questions an image"""
    learning_rate: float = 1e-3
    warmup_steps: int = 200
    decay_steps: int = 1500


def train_selection(
    scenes: Sequence[SelectionScene],
    seg_token_encoder: SegTokenEncoder,
    selector: MaskSelector,
    folder: Path,
    recipe: SelectionRecipe,
    seed: int,
    weights: LossWeights | None = None,
) -> None:
    """Train the VLM and the selector in place, going on from the last checkpoint in `folder`.

    Args:
        scenes: encoded training scenes.
        seg_token_encoder: the VLM.
        selector: the mask selector.
        folder: gets checkpoints and logs.
        recipe: sizes and rates.
        seed: of order, questions and answers.
        weights: of the losses.
    """
    torch.manual_seed(seed)
    model = SelectionModel(seg_token_encoder, selector).train()
    trainer = SelectionTrainer(
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
        train_dataset=SelectionDataset(scenes, recipe.questions, "train", seed),
        data_collator=collate_selection,
        weights=weights or LossWeights(),
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(folder))
    model.eval()
