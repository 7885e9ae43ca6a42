# SPDX-License-Identifier: Apache-2.0
"""What the commands have in common by which one network of a model learns somebody's own images."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from llmseg_core.cli.device_argument import add_device

from .common_arguments import add_broken

if TYPE_CHECKING:
    from ..data import BrokenPolicy
    from ..trainer.recipe import TrainingRecipe

__all__ = ["add_tuning_arguments", "tune"]

SomeRecipe = TypeVar("SomeRecipe", bound="TrainingRecipe")
Tune = Callable[[str, str, Path, SomeRecipe, int, "BrokenPolicy"], Path]


def add_tuning_arguments(
    parser: argparse.ArgumentParser, steps: int, images: int, learning_rate: str
) -> None:
    """Data, model, folder, length, rate, seed and device.

    Args:
        parser: of the command.
        steps: usual ones.
        images: of a step.
        learning_rate: the usual one.
    """
    parser.add_argument("data", metavar="DATA", help="KIND:PATH:SPLIT, or a folder of our format")
    parser.add_argument("--model", required=True, metavar="DIR", help="to begin with: embedded")
    parser.add_argument(
        "--work", required=True, type=Path, metavar="DIR",
        help="folder of checkpoints and logs, and of the model: DIR/last",
    )  # fmt: skip
    parser.add_argument(
        "--steps", type=int, metavar="N", help=f"steps of {images} images (default: {steps})"
    )
    parser.add_argument(
        "--learning-rate", type=float, metavar="X", help=f"(default: {learning_rate})"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all draws (default: 0)")
    add_broken(parser)
    add_device(parser)


def tune(
    options: argparse.Namespace, usual: SomeRecipe, train: Tune[SomeRecipe], network: str
) -> int:
    """Train, and say where the model is.

    Args:
        options: of `add_tuning_arguments`.
        usual: recipe, whose length and rate the options may change.
        train: model, data, folder, recipe, seed and policy to the model directory.
        network: that learns, as people call it.
    """
    from llmseg_core.familiarity.seen_images import SEEN_IMAGES_FILE
    from llmseg_core.model_dir.directory import model_directory

    from ..data import BrokenPolicy
    from ..trainer.processes import processes, use_device

    recipe = usual.lasting(options.steps, options.learning_rate)
    use_device(options.device)
    broken, state = BrokenPolicy(options.broken), processes()
    try:
        model = train(options.model, options.data, options.work, recipe, options.seed, broken)
        if state.is_main_process:
            print(f"model directory: {model}")
            if (model_directory(options.model) / SEEN_IMAGES_FILE).exists():
                print(
                    "what the model had seen, which told it familiar images from others, belonged "
                    f"to its former {network} and is left out: llmseg familiarity fit makes it anew"
                )
    finally:
        state.destroy_process_group()
    return 0
