# SPDX-License-Identifier: Apache-2.0
"""Stages "language", "selector" and "selection": instructions, then proposals too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
from torch import Tensor, nn

from llmseg_core.config.limits import AtLeast, Between

from ..learning.batch import collate_proposals
from ..learning.scoring import LossWeights
from ..questions import ABSENT_SHARE, CATEGORIES
from ..trainer.loop import TrainingLoop
from ..trainer.processes import processes
from ..trainer.recipe import TrainingRecipe, training_plan
from .heard_questions import hear_passes
from .language_objective import (
    InstructionDataset,
    LanguageModel,
    LanguageObjective,
    collate_instructions,
)
from .selection_data import QuestionDraw, SelectionDataset
from .selection_objective import SelectionModel, SelectionObjective, SelectionWeights
from .selection_scene import SelectionScene
from .selector_objective import HeardDataset, ListeningSelector, SelectorObjective, collate_heard

__all__ = [
    "LanguageRecipe",
    "SelectionRecipe",
    "SelectorRecipe",
    "train_language",
    "train_selection",
    "train_selector",
]


@dataclass(frozen=True)
class LanguageRecipe(TrainingRecipe):
    """How the language model is trained before it meets images; a sample is a made-up scene."""

    steps: int = 1500
    questions: Annotated[int, Between(1, 1000)] = 8
    """most instructions a scene"""
    averaged: Annotated[int, Between(0, 100)] = 0
    """trainings after the first, each from where that ends and of other instructions, whose mean is
    taken: one alone misreads a few phrasings of its own (model soups, arXiv 2203.05482); 0 takes
    the first as it is"""
    corpus: Annotated[int, AtLeast(0)] = 20_000
    """instructions that the tokenizer is built from, besides every phrase once"""


@dataclass(frozen=True)
class AskingRecipe(TrainingRecipe):
    """What is asked about an image, and how the answers count."""

    questions: Annotated[int, Between(1, 1000)] = 6
    """most questions an image"""
    relation_share: Annotated[float, Between(0, 1)] = 0.2
    """share of the questions that are about relations, the hardest to learn, [0, 1]"""
    absent_share: Annotated[float, Between(0, 1)] = ABSENT_SHARE
    """share of the questions that nothing fits, [0, 1]"""
    untouched_questions: bool = False
    """whether these count in the ranking loss, too, as in the released code: no proposal shall rank
    above another then, which tells that nothing fits"""
    alignment_weight: Annotated[float, AtLeast(0)] = 1.0
    """of the ranking loss"""
    iop_weight: Annotated[float, AtLeast(0)] = 50.0
    """of the IoP loss"""

    def draw(self, words: str, categories: Sequence[str]) -> QuestionDraw:
        """The questions, in the phrasings of the split `words`."""
        return QuestionDraw(
            words, self.questions, categories, self.relation_share, self.absent_share
        )


@dataclass(frozen=True)
class SelectorRecipe(AskingRecipe):
    """How the selector is trained alone, by a VLM that has learnt from instructions only.

    The VLM does not learn meanwhile, so it need not hear a question more than once: a step costs a
    fraction of one of `SelectionRecipe`.
    """

    steps: int = 20_000
    learning_rate: float = 7e-4
    warmup_steps: int = 200
    decay_steps: int = 8000
    passes: Annotated[int, Between(1, 1000)] = 12
    """passes over the scenes whose questions the VLM hears; later ones repeat these in turn, with
    other proposals missing"""


@dataclass(frozen=True)
class SelectionRecipe(AskingRecipe):
    """How VLM and selector are trained together; a sample is an image."""

    steps: int = 5000
    batch_size: int = 12
    learning_rate: float = 7e-4
    warmup_steps: int = 200
    decay_steps: int = 1500
    vlm_from: Annotated[int, AtLeast(0)] = 0
    """step from which the VLM learns too; the selector alone learns several times faster"""
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
    _learn_language(model, folder, recipe, seed, categories)
    if recipe.averaged == 0:
        return
    parameters = dict(model.named_parameters())
    start = {name: value.detach().clone() for name, value in parameters.items()}
    mean = {name: torch.zeros_like(value) for name, value in start.items()}
    for number in range(1, recipe.averaged + 1):
        _set(parameters, start)
        _learn_language(model, folder / f"again-{number}", recipe, seed + number, categories)
        for name, value in parameters.items():
            mean[name] += value.detach() / recipe.averaged
    _set(parameters, mean)


@torch.no_grad()
def _set(parameters: Mapping[str, nn.Parameter], values: Mapping[str, Tensor]) -> None:
    for name, parameter in parameters.items():
        parameter.copy_(values[name])


def _learn_language(
    model: SelectionModel,
    folder: Path,
    recipe: LanguageRecipe,
    seed: int,
    categories: Sequence[str],
) -> None:
    """One of the trainings of `train_language`."""
    torch.manual_seed(seed)
    count = recipe.steps * recipe.batch_size
    loop = TrainingLoop(
        LanguageObjective(LanguageModel(model)),
        InstructionDataset(count, recipe.questions, seed, categories),
        collate_instructions,
        training_plan(folder, recipe, seed),
    )
    loop.train_to_end()


def train_selector(
    model: SelectionModel,
    scenes: Sequence[SelectionScene],
    folder: Path,
    recipe: SelectorRecipe,
    seed: int,
    categories: Sequence[str],
    width: int,
) -> None:
    """Train the selector in place; goes on from the last checkpoint in `folder`.

    Args:
        model: VLM and selector.
        scenes: encoded training scenes.
        folder: gets what the VLM hears, checkpoints and logs.
        recipe: sizes, rates and weights of the losses.
        seed: of order, questions and answers.
        categories: what scenes can have.
        width: of the scenes' images in pixels.
    """
    torch.manual_seed(seed)
    draw = recipe.draw("train", categories)
    encoder = model.seg_token_encoder.eval().to(processes().device)
    heard = hear_passes(encoder, scenes, draw, seed, width, recipe.passes, folder / "heard")
    weights = LossWeights(recipe.alignment_weight, recipe.iop_weight)
    listening = ListeningSelector(model.selector)
    loop = TrainingLoop(
        SelectorObjective(listening, weights, recipe.untouched_questions),
        HeardDataset(scenes, heard, seed, width),
        collate_heard,
        training_plan(folder, recipe, seed),
    )
    loop.train_to_end()
    model.eval()


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
        SelectionDataset(scenes, recipe.draw(words, categories), seed, augment_width=width),
        collate_proposals,
        training_plan(folder, recipe, seed),
    )
    loop.train_to_end()
    model.eval()
