# SPDX-License-Identifier: Apache-2.0
"""Stage "sam" of the embedded model: everything mode learns to propose objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
from transformers import SamModel

from llmseg_core.config.limits import Between
from llmseg_core.model_dir.network_files import save_network
from llmseg_core.model_dir.networks import build_embedded_sam

from ..scenes import SceneFolder
from ..trainer.loop import TrainingLoop
from ..trainer.processes import processes
from ..trainer.recipe import TrainingRecipe, training_plan
from .sam_data import SamDataset, collate_sam
from .sam_objective import SamObjective, SamTrainingModel

__all__ = ["SamRecipe", "train_sam"]


@dataclass(frozen=True)
class SamRecipe(TrainingRecipe):
    """How the embedded SAM is trained; a sample is an image."""

    steps: int = 4000
    decay_steps: int = 1000
    points: Annotated[int, Between(1, 1000)] = 8
    """point prompts an image"""
    balance: Annotated[float, Between(0, 1)] = 0.3
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
    loop = TrainingLoop(
        SamObjective(model, recipe.balance),
        SamDataset(scenes, size, recipe.points, augment=True, seed=seed),
        collate_sam,
        training_plan(folder, recipe, seed),
    )
    loop.train_to_end()
    if processes().is_main_process:
        save_network(model.sam.eval(), folder / "sam")
    processes().wait_for_everyone()
    return model.sam.eval()
