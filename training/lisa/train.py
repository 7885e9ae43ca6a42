# SPDX-License-Identifier: Apache-2.0
"""Trains a LISA by a recipe: the same recipes, data and folders as the paper's training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from accelerate import PartialState

from llmseg_core.methods.lisa import Lisa
from llmseg_core.model_dir.lisa_files import LisaParts
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.vlm.families import image_vlm_of
from llmseg_core.vlm.seg_token import SegTokenEncoder

from ..adapter.inputs import AdapterInputs
from ..adapter.memory import StepSize, expected_memory
from ..adapter.recipe import AdapterRecipe
from ..adapter.train import (
    BARE_QUESTION,
    PreparedTraining,
    adapter_plan,
    checkpoint_activations,
    run_recipe,
    samples_in_all,
)
from ..adapter.validation import AdapterValidation
from ..data import BrokenPolicy
from ..data.draws import SampleDraws
from ..trainer.loop import TrainingLoop
from .batch import collate_masks
from .data import LisaDataset
from .objective import LisaModel, LisaObjective
from .parts import load_lisa_training, save_lisa_training

__all__ = ["train_lisa"]

PIXELS = 1024 * 1024
"""of an image, for the expected memory"""
BYTES_A_PIXEL = 24
"""of logits, their sigmoid and their gradients, float32"""
BYTES_A_CELL = 60
"""of a channel and cell of SAM's feature map that the mask decoder keeps for backward"""


def train_lisa(recipe: AdapterRecipe, work: Path) -> Path:
    """Train from where a training in `work` has come to, or from the start.

    Of the recipe `mask_losses` and `losses.language` count; LISA has no proposals. Arguments,
    folders and errors are those of `train_adapter`.
    """
    return run_recipe(recipe, work, _prepared)


def _prepared(
    recipe: AdapterRecipe, work: Path, inputs: AdapterInputs, state: PartialState
) -> PreparedTraining:
    """Model, data and loop of a recipe."""
    parts = load_lisa_training(
        recipe.model,
        recipe.lora,
        dtype=getattr(torch, recipe.precision),
        device=state.device,
        attention=recipe.attention,
        load_in=recipe.load_in,
        new_decoder=recipe.new_selector,
        seed=recipe.seed,
    )
    if recipe.gradient_checkpointing:
        checkpoint_activations(image_vlm_of(parts.llava).language_model)
    config, broken = parts.config, BrokenPolicy(recipe.broken)
    asked = replace(config.seg_token, question=BARE_QUESTION)  # the data brings whole questions
    encoder = SegTokenEncoder(parts.llava, parts.tokenizer, asked, parts.pixels)
    model = LisaModel(encoder, parts.decoder, recipe.precision == "bfloat16")
    data = LisaDataset(
        SampleDraws(inputs.data, recipe.questions, broken),
        encoder.pixels,
        samples_in_all(recipe, state),
        recipe.seed,
        bare_questions=config.seg_token.question.strip() == BARE_QUESTION,
        released=recipe.released,
    )
    validation = None
    if inputs.validation is not None:
        validation = AdapterValidation(
            Lisa(
                LisaParts(
                    config, parts.sam, parts.llava, parts.tokenizer, parts.decoder, parts.pixels
                )
            ),
            inputs.validation,
            work / "best",
            lambda folder, scores, config: save_lisa_training(
                replace(parts, config=config), folder, scores
            ),
            broken,
            recipe.validation_samples,
            state.process_index,
            state.num_processes,
            model.in_bfloat16,
        )
    objective = LisaObjective(
        model, SamMasks(parts.sam), recipe.losses.language, recipe.mask_losses
    )
    plan = replace(adapter_plan(recipe, work), finds_unused=True)  # SAM's other three masks
    rows = recipe.batch_size * recipe.questions
    width = parts.sam.config.mask_decoder_config.hidden_size
    cells = parts.sam.config.prompt_encoder_config.image_embedding_size**2
    memory = expected_memory(
        model,
        parts.sam,
        StepSize(recipe.batch_size, recipe.questions, 0),
        {
            "mask decoder's activations": rows * cells * width * BYTES_A_CELL,
            "masks": rows * PIXELS * BYTES_A_PIXEL,
        },
        checkpointing=recipe.gradient_checkpointing,
        processes=state.num_processes,
        zero2=recipe.zero2,
    )
    return PreparedTraining(
        TrainingLoop(objective, data, collate_masks, plan, validation),
        lambda folder, scores: save_lisa_training(parts, folder, scores),
        memory,
    )
