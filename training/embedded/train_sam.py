# SPDX-License-Identifier: Apache-2.0
"""Stage "sam" of the embedded model: everything mode learns to propose objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import torch
from transformers import Sam2Model, SamModel

from llmseg_core.config.limits import Between, OneOf
from llmseg_core.config.values import require
from llmseg_core.model_dir.network_files import save_network
from llmseg_core.model_dir.networks import build_embedded_sam
from llmseg_core.model_dir.small_sam2 import build_embedded_sam2

from ..scenes import SceneFolder
from ..trainer.loop import TrainingLoop
from ..trainer.processes import processes
from ..trainer.recipe import TrainingRecipe, training_plan
from .prompt_data import PromptDataset, collate_prompts
from .prompt_objective import PromptObjective, PromptTrainingModel
from .sam_data import LabelledImages, SamDataset, collate_sam
from .sam_objective import SamObjective, SamTrainingModel

__all__ = ["AnySam", "SamRecipe", "learn_masks", "train_sam"]

AnySam: TypeAlias = SamModel | Sam2Model


@dataclass(frozen=True)
class SamRecipe(TrainingRecipe):
    """How the embedded SAM is trained; a sample is an image."""

    steps: int = 4000
    decay_steps: int = 1000
    points: Annotated[int, Between(1, 1000)] = 8
    """point prompts an image"""
    balance: Annotated[float, Between(0, 1)] = 0.3
    """share of class-balanced cross-entropy, [0, 1]"""
    architecture: Annotated[str, OneOf("sam", "sam2")] = "sam"
    """class of the network; "sam2" learns from all kinds of prompts only"""
    image_size: Annotated[int, Between(64, 1024)] = 256
    """side of its input in pixels, a multiple of 64"""
    prompts: Annotated[str, OneOf("points", "all")] = "points"
    """what it learns from: points alone, or all kinds, to which the rest belongs"""
    edge: Annotated[float, Between(0, 100)] = 3.0
    """what a mask's edge weighs above its inside"""
    boxes: Annotated[int, Between(0, 1000)] = 2
    """of an image's points, how many things are also asked as boxes"""
    corrected: Annotated[int, Between(0, 1000)] = 2
    """of an image's points, how many are asked again with their mask and where it is wrong"""
    recoloured: Annotated[float, Between(0, 1)] = 0.0
    """how likely it is that a thing gets other colours, where things are few, [0, 1]"""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.image_size % 64 == 0, "image_size", self.image_size, "a multiple of 64")
        if self.architecture == "sam2":
            require(self.prompts == "all", "prompts", self.prompts, '"all" for architecture sam2')
        for name in ("boxes", "corrected") if self.prompts == "all" else ():
            value = getattr(self, name)
            require(value <= self.points, name, value, f"at most points = {self.points}")


def train_sam(
    scenes: SceneFolder, folder: Path, recipe: SamRecipe, seed: int, skip_padding: bool = False
) -> AnySam:
    """Train from scratch, or go on from the last checkpoint in `folder`.

    Args:
        scenes: training scenes.
        folder: gets checkpoints and logs, and the result in `folder/sam`.
        recipe: sizes and rates.
        seed: of weights, order and prompts.
        skip_padding: see `learn_masks`.

    Returns:
        The trained model, in evaluation mode.

    Raises:
        ValueError: as `learn_masks`.
    """
    torch.manual_seed(seed)
    size = recipe.image_size
    build = build_embedded_sam2 if recipe.architecture == "sam2" else build_embedded_sam
    sam = learn_masks(build(seed, size), scenes, folder, recipe, seed, skip_padding=skip_padding)
    if processes().is_main_process:
        save_network(sam, folder / "sam")
    processes().wait_for_everyone()
    return sam


def learn_masks(
    sam: AnySam,
    scenes: LabelledImages,
    folder: Path,
    recipe: SamRecipe,
    seed: int,
    dense_weight: float = 1.0,
    skip_padding: bool = False,
) -> AnySam:
    """Train a SAM, or go on from the last checkpoint in `folder`.

    Args:
        sam: trained in place.
        scenes: images with the instances in them.
        folder: gets checkpoints and logs.
        recipe: sizes and rates.
        seed: of order and prompts.
        dense_weight: of the loss of the dense head, see `SamTrainingModel`.
        skip_padding: whether it learns to do without padding, too, see `PromptObjective`.

    Returns:
        The trained model, in evaluation mode.

    Raises:
        ValueError: if padding is to be skipped and SAM learns from points alone, or has none.
    """
    if skip_padding and (recipe.prompts != "all" or isinstance(sam, Sam2Model)):
        raise ValueError(
            f"proposals.skip_padding is true: then sam must have architecture: sam and prompts: "
            f"all, and here they are {recipe.architecture} and {recipe.prompts}"
        )
    plan = training_plan(folder, recipe, seed)
    sam2, size = isinstance(sam, Sam2Model), recipe.image_size
    loop: TrainingLoop[Any, Any]
    if recipe.prompts == "all":
        loop = TrainingLoop(
            PromptObjective(
                PromptTrainingModel(sam, recipe.boxes, recipe.corrected),
                recipe.balance,
                recipe.edge,
                dense_weight,
                skip_padding,
            ),
            PromptDataset(scenes, size, recipe.points, True, seed, sam2, recipe.recoloured),
            collate_prompts,
            plan,
        )
    else:
        loop = TrainingLoop(
            SamObjective(SamTrainingModel(sam), recipe.balance, dense_weight),
            SamDataset(scenes, size, recipe.points, augment=True, seed=seed),
            collate_sam,
            plan,
        )
    loop.train_to_end()
    return sam.eval()
