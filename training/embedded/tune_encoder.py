# SPDX-License-Identifier: Apache-2.0
"""The DINO of a model directory learns to tell apart what is said of somebody's own images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from transformers import DINOv3ViTModel

from llmseg_core.config import ImageEncoderKind
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.model_dir.checkpoint import SELECTOR_FILE, inspect_model, load_selector
from llmseg_core.model_dir.directory import model_directory
from llmseg_core.model_dir.network_files import load_network, part_folder
from llmseg_core.model_dir.networks import build_selector, encoder_class, image_encoder_of
from llmseg_core.runtime.folder_lock import locked

from ..adapter.parts import referring
from ..data import BrokenPolicy, open_data
from ..trainer.loop import TrainingLoop
from ..trainer.processes import processes
from ..trainer.recipe import TrainingRecipe, training_plan
from .tuned_directory import save_tuned
from .word_data import SpokenInstances, WordDataset, collate_words
from .word_objective import WordModel, WordObjective

__all__ = ["TuneEncoderRecipe", "tune_encoder"]


@dataclass(frozen=True)
class TuneEncoderRecipe(TrainingRecipe):
    """How a trained image encoder goes on learning; a sample is an image."""

    steps: int = 500
    batch_size: int = 8
    learning_rate: float = 4e-4
    warmup_steps: int = 30
    decay_steps: int = 160
    save_steps: int = 100
    kept_patches: int = 320
    """patches of an image that the encoder sees at first, those with things before others"""
    whole_steps: int = 20
    """last steps, in which it sees all patches, as at inference"""


def tune_encoder(
    model: str | Path,
    data: str,
    folder: Path,
    recipe: TuneEncoderRecipe,
    seed: int = 0,
    broken: BrokenPolicy = BrokenPolicy.FATAL,
) -> Path:
    """Train the image encoder of a model directory, or go on from the last checkpoint in `folder`.

    With it learns the selector's projection of its pooled features; selector and VLM have to learn
    behind it then (`llmseg train`).

    FOLDER/checkpoint-N/    weights and Adam's state after N steps; FOLDER/logs/ for TensorBoard
    FOLDER/last/            the model with the encoder that has learned; others stay where they are

    Args:
        model: a path, or "embedded"; its image encoder must be a DINOv2.
        data: KIND:PATH:SPLIT or a folder of our format.
        folder: made or completed.
        recipe: sizes and rates.
        seed: of new heads, order and augmentation.
        broken: what to do about samples that cannot be read.

    Returns:
        The model directory.

    Raises:
        FileNotFoundError: if there is no such model or data.
        ValueError: if the encoder is of another kind, or the data says nothing to learn from.
        FolderInUseError: if another process writes the folder.
    """
    directory = model_directory(model)
    config = inspect_model(directory)
    kind, place = config.image_encoder.kind, part_folder(directory, config.dinov2)
    if kind is not ImageEncoderKind.DINOV2 or encoder_class(kind, place) is DINOv3ViTModel:
        found = "dinov3" if kind is ImageEncoderKind.DINOV2 else kind.value
        raise ValueError(
            f"{directory}: its image encoder is {found!r}, and DINOv2 alone can learn here: leave "
            f"it as it is"
        )
    network = load_network(encoder_class(kind, place), place, torch.float32, "sdpa")
    encoder = image_encoder_of(network, config.image_encoder)
    assert isinstance(encoder, Dinov2Encoder)
    selector = build_selector(config.selector, seed)
    load_selector(directory / SELECTOR_FILE, selector)
    spoken = SpokenInstances(open_data(data), broken)
    with locked(folder):
        torch.manual_seed(seed)
        words = WordModel(encoder.train(), selector.mask_projection, len(spoken.vocabulary))
        objective = WordObjective(words, recipe.kept_patches, recipe.steps - recipe.whole_steps)
        dataset = WordDataset(spoken, encoder, config.image_encoder.pooling_size, seed)
        loop = TrainingLoop(objective, dataset, collate_words, training_plan(folder, recipe, seed))
        loop.train_to_end()
        if processes().is_main_process:
            config = replace(referring(directory, config), dinov2="dinov2")
            save_tuned(directory, config, folder / "last", "dinov2", network.eval(), selector)
        processes().wait_for_everyone()
    return folder / "last"
