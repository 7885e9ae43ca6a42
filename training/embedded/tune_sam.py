# SPDX-License-Identifier: Apache-2.0
"""The small SAM of a model directory learns the masks of somebody's own images."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import yaml
from transformers import SamModel

from llmseg_core.config import LLMSegConfig
from llmseg_core.model_dir.checkpoint import SELECTOR_FILE, inspect_model, load_sam
from llmseg_core.model_dir.directory import CONFIG_FILE, model_directory
from llmseg_core.model_dir.network_files import save_network
from llmseg_core.runtime.folder_lock import locked
from llmseg_core.runtime.whole_folder import written_whole

from ..adapter.parts import referring
from ..data import BrokenPolicy, open_data
from ..trainer.processes import processes
from .data_masks import DataInstances
from .sam_data import MASK_CELL
from .train_sam import AnySam, SamRecipe, learn_masks

__all__ = ["TuneSamRecipe", "input_side", "tune_recipe", "tune_sam"]


@dataclass(frozen=True)
class TuneSamRecipe(SamRecipe):
    """How a trained SAM goes on learning; a sample is an image."""

    steps: int = 400
    batch_size: int = 4
    learning_rate: float = 5e-4
    warmup_steps: int = 20
    decay_steps: int = 150
    save_steps: int = 100


def tune_recipe(steps: int | None = None, learning_rate: float | None = None) -> TuneSamRecipe:
    """The usual recipe, of another length or rate; warm-up and decay keep their shares.

    Raises:
        ValueError: if one of them is out of range.
    """
    usual = TuneSamRecipe()
    steps = usual.steps if steps is None else steps
    return replace(
        usual,
        steps=steps,
        learning_rate=usual.learning_rate if learning_rate is None else learning_rate,
        warmup_steps=usual.warmup_steps * steps // usual.steps,
        decay_steps=usual.decay_steps * steps // usual.steps,
    )


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
        tuned = replace(recipe, image_size=side)
        learn_masks(sam.float().train(), images, folder, tuned, seed, dense_weight=0.0)
        if processes().is_main_process:
            _save(sam, directory, config, folder / "last")
        processes().wait_for_everyone()
    return folder / "last"


def _save(sam: AnySam, base: Path, config: LLMSegConfig, directory: Path) -> None:
    """Write a model directory of a SAM and what else `base` has, which stays where it is."""
    config = replace(referring(base, config), sam="sam")
    with written_whole(directory, CONFIG_FILE) as folder:
        text = yaml.safe_dump(config.to_dict(), sort_keys=False, allow_unicode=True)
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")
        save_network(sam, folder / "sam")
        shutil.copyfile(base / SELECTOR_FILE, folder / SELECTOR_FILE)


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
