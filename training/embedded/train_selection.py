# SPDX-License-Identifier: Apache-2.0
"""Stages "language" and "selection" of the embedded model: instructions, then proposals too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch

from llmseg_core.config.limits import AtLeast, Between

from ..learning.batch import collate_proposals
from ..questions import ABSENT_SHARE, CATEGORIES
from ..trainer.loop import TrainingLoop
from ..trainer.recipe import TrainingRecipe, training_plan
from .language_objective import (
    InstructionDataset,
    LanguageModel,
    LanguageObjective,
    collate_instructions,
)
from .selection_data import SelectionDataset
from .selection_objective import SelectionModel, SelectionObjective, SelectionWeights
from .selection_scene import SelectionScene

__all__ = ["LanguageRecipe", "SelectionRecipe", "train_language", "train_selection"]


@dataclass(frozen=True)
class LanguageRecipe(TrainingRecipe):
    """How the language model is trained before it meets images; a sample is a made-up scene."""

    steps: int = 1500
    questions: Annotated[int, Between(1, 1000)] = 8
    """most instructions a scene"""
    corpus: Annotated[int, AtLeast(0)] = 20_000
    """instructions that the tokenizer is built from, besides every phrase once"""


@dataclass(frozen=True)
class SelectionRecipe(TrainingRecipe):
    """How VLM and selector are trained; a sample is an image."""

    steps: int = 5000
    batch_size: int = 12
    learning_rate: float = 7e-4
    warmup_steps: int = 200
    decay_steps: int = 1500
    questions: Annotated[int, Between(1, 1000)] = 6
    """most questions an image"""
    relation_share: Annotated[float, Between(0, 1)] = 0.2
    """share of the questions that are about relations, the hardest to learn, [0, 1]"""
    absent_share: Annotated[float, Between(0, 1)] = ABSENT_SHARE
    """share of the questions that nothing fits, [0, 1]"""
    untouched_questions: bool = False
    """whether these count in the ranking loss, too, as in the released code: no proposal shall rank
    above another then, which tells that nothing fits"""
    vlm_from: Annotated[int, AtLeast(0)] = 0
    """step from which the VLM learns too; the selector alone learns several times faster"""
    alignment_weight: Annotated[float, AtLeast(0)] = 1.0
    """of the ranking loss"""
    iop_weight: Annotated[float, AtLeast(0)] = 50.0
    """of the IoP loss"""
    language_weight: Annotated[float, AtLeast(0)] = 1.0
    """of the language model's loss"""
    meaning_weight: Annotated[float, AtLeast(0)] = 1.0
    """of the meaning head's loss"""


def train_language(
    model: SelectionModel,
    folder: Path,
    recipe: LanguageRecipe,
    seed: int,
    categories: Sequence[str] = CATEGORIES,
) -> None:
    """Train the language model in place on instructions alone; goes on from `folder`.

    Args:
        model: its language model and meaning head learn.
        folder: gets checkpoints and logs.
        recipe: sizes and rates.
        seed: of the instructions.
        categories: what scenes can have.
    """
    torch.manual_seed(seed)
    count = recipe.steps * recipe.batch_size
    loop = TrainingLoop(
        LanguageObjective(LanguageModel(model)),
        InstructionDataset(count, recipe.questions, seed, categories),
        collate_instructions,
        training_plan(folder, recipe, seed),
    )
    loop.train_to_end()


def train_selection(
    model: SelectionModel,
    scenes: Sequence[SelectionScene],
    folder: Path,
    recipe: SelectionRecipe,
    seed: int,
    categories: Sequence[str] = CATEGORIES,
    width: int | None = 320,
    words: str = "train",
) -> None:
    """Train the VLM and the selector in place; goes on from the last checkpoint in `folder`.

    Args:
        model: VLM and selector.
        scenes: encoded training scenes.
        folder: gets checkpoints and logs.
        recipe: sizes, rates and weights of the losses.
        seed: of order, questions and answers.
        categories: what scenes can have.
        width: of the scenes' images in pixels; None neither mirrors them nor hides proposals.
        words: split whose phrasings are used.
    """
    torch.manual_seed(seed)
    weights = SelectionWeights(
        recipe.alignment_weight,
        recipe.iop_weight,
        recipe.language_weight,
        recipe.meaning_weight,
    )
    loop = TrainingLoop(
        SelectionObjective(model, weights, recipe.vlm_from, recipe.untouched_questions),
        SelectionDataset(
            scenes,
            recipe.questions,
            words,
            seed,
            categories,
            augment_width=width,
            relation_share=recipe.relation_share,
            absent_share=recipe.absent_share,
        ),
        collate_proposals,
        training_plan(folder, recipe, seed),
    )
    loop.train_to_end()
    model.eval()
