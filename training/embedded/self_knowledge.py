# SPDX-License-Identifier: Apache-2.0
"""What a trained model is told about itself: how sure it may be, and which images it has seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from llmseg_core.config import RuntimeConfig
from llmseg_core.config.limits import AtLeast, Between
from llmseg_core.config.settings import Settings
from llmseg_core.familiarity.seen_images import SEEN_IMAGES_FILE, SeenImages
from llmseg_core.model_dir.weights_digest import model_digest

from ..data import SceneData
from ..evaluate.report import print_tables
from ..honesty.calibrate import calibration_by, reliability_table
from ..honesty.calibration_file import write_calibration
from ..honesty.familiarity import MADE_UP, group_of_images
from ..honesty.image_statistics import statistics_of_model
from ..scenes import SceneFolder

__all__ = ["CalibrateRecipe", "FamiliarityRecipe", "calibrate_shipped", "learn_scenes"]


@dataclass(frozen=True)
class CalibrateRecipe(Settings):
    """What confidences are fitted on."""

    scenes: Annotated[int, AtLeast(1)] = 160
    """validation scenes that are asked about, from the last: the rule is chosen on the first"""
    questions: Annotated[int, AtLeast(1)] = 5
    """most questions a scene, of the wordings of validation and of training each"""
    presence: bool = True
    """whether it is fitted too how the model tells that anything fits"""
    no_target_accuracy: Annotated[float, Between(0, 1)] = 0.9
    """least share of the questions that nothing fits that must be answered so"""


@dataclass(frozen=True)
class FamiliarityRecipe(Settings):
    """What familiar images are fitted on."""

    scenes: Annotated[int, AtLeast(1)] = 1500
    """training scenes, from the first; each is looked at as it is and as four degraded copies"""
    made_up: Annotated[int, AtLeast(1)] = 3 * MADE_UP
    """images that they are told from"""
    name: str = "rendered tabletops"
    """what the scenes are, for people"""


def calibrate_shipped(
    model: Path, data: SceneData, recipe: CalibrateRecipe, work: Path, runtime: RuntimeConfig
) -> None:
    """Make the confidences of a model directory chances.

    Args:
        model: the directory; its `llmseg.yaml` is changed.
        data: validation scenes with their questions.
        recipe: how many are asked about.
        work: folder for answers, from which an interrupted stage goes on.
        runtime: device and number format.
    """
    indices = [each for each in data.asked_about(len(data)) if each >= len(data) - recipe.scenes]
    answers = work / model_digest(model)
    fits = recipe.presence
    found = calibration_by(
        model,
        data,
        indices,
        answers,
        runtime,
        fits_presence=fits,
        no_target_accuracy=recipe.no_target_accuracy,
    )
    write_calibration(model, found.calibration, found.least, found.selection if fits else None)
    title = f"{model.name} on {data.name}, {len(found.cases)} questions"
    print_tables(reliability_table(title, found.reliability()))


def learn_scenes(
    model: Path,
    scenes: SceneFolder,
    recipe: FamiliarityRecipe,
    work: Path,
    seed: int,
    runtime: RuntimeConfig,
) -> None:
    """Let a model directory know what its training scenes look like to it.

    Args:
        model: the directory; it gets `seen_images.safetensors`.
        scenes: that it was trained on.
        recipe: how many are looked at.
        work: folder for statistics, from which an interrupted stage goes on.
        seed: of degraded copies and made-up images.
        runtime: device and number format.
    """
    files = [scenes.image_file(each) for each in range(min(recipe.scenes, len(scenes)))]
    keep = work / f"{model_digest(model)}-{len(files)}-{recipe.made_up}-{seed}"
    look = statistics_of_model(model, runtime)
    group = group_of_images(look, recipe.name, files, seed, keep, recipe.made_up)
    SeenImages((group,)).save(model / SEEN_IMAGES_FILE)
    print(f"{model / SEEN_IMAGES_FILE} knows {recipe.name}: {len(files)} images")
