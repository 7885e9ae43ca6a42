# SPDX-License-Identifier: Apache-2.0
"""The small SAM of a model directory learns the masks of somebody's own images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from transformers import SamModel

from llmseg_core.model_dir.checkpoint import inspect_model, load_sam
from llmseg_core.model_dir.directory import model_directory
from llmseg_core.runtime.folder_lock import locked

from ..adapter.parts import referring
from ..data import BrokenPolicy, open_data
from ..trainer.processes import processes
from .data_masks import DataInstances
from .sam_data import MASK_CELL
from .train_sam import SamRecipe, learn_masks
from .tuned_directory import save_tuned

__all__ = ["TuneSamRecipe", "input_side", "tune_sam"]


@dataclass(frozen=True)
class TuneSamRecipe(SamRecipe):
    """How a trained SAM goes on learning; a sample is an image."""

    steps: int = 800
    batch_size: int = 4
    learning_rate: float = 5e-4
    warmup_steps: int = 40
    decay_steps: int = 300
    save_steps: int = 100
    prompts: str = "all"
    boxes: int = 1
    corrected: int = 1
    recoloured: float = 0.3


def tune_sam(
    model: str | Path,
    data: str,
    folder: Path,
    recipe: TuneSamRecipe,
    seed: int = 0,
    broken: BrokenPolicy = BrokenPolicy.FATAL,
) -> Path:
    """Train the SAM of a model directory, or go on from the last checkpoint in `folder`.

    FOLDER/checkpoint-N/    weights and Adam's state after N steps; FOLDER/logs/ for TensorBoard
    FOLDER/last/            the model with the SAM that has learned; other parts stay where they are

    Args:
        model: a path, or "embedded"; its SAM must be small as the packaged one is.
        data: KIND:PATH:SPLIT or a folder of our format.
        folder: made or completed.
        recipe: sizes and rates; `image_size` is the model's.
        seed: of order and prompts.
        broken: what to do about samples that cannot be read.

    Returns:
        The model directory.

    Raises:
        FileNotFoundError: if there is no such model or data.
        ValueError: if the SAM is of another kind, or the data has no masks.
        FolderInUseError: if another process writes the folder.
    """
    directory = model_directory(model)
    config = inspect_model(directory)
    images = DataInstances(open_data(data), broken)
    sam = load_sam(directory)
    side = input_side(sam, directory)
    with locked(folder):
        torch.manual_seed(seed)
        tuned, skips = replace(recipe, image_size=side), config.proposals.skip_padding
        learn_masks(sam.float().train(), images, folder, tuned, seed, 0.0, skips)
        if processes().is_main_process:
            config = replace(referring(directory, config), sam="sam")
            save_tuned(directory, config, folder / "last", "sam", sam)
        processes().wait_for_everyone()
    return folder / "last"


def input_side(sam: torch.nn.Module, directory: Path) -> int:
    """Pixels of the input's side of a SAM that can be trained here."""
    if isinstance(sam, SamModel):
        sizes = sam.config.vision_config
        if sizes.image_size // sizes.patch_size * 4 * MASK_CELL == sizes.image_size:
            return int(sizes.image_size)
    raise ValueError(
        f"{directory}: its SAM is a {type(sam).__name__} of another size than the packaged "
        f"model's, which alone can learn here: leave its proposals as they are"
    )
