# SPDX-License-Identifier: Apache-2.0
"""`llmseg train-proposals`: the small SAM of a model learns to propose what your images hold."""

from __future__ import annotations

import argparse
from pathlib import Path

from llmseg_core.cli.command import Command
from llmseg_core.cli.device_argument import add_device

from .common_arguments import add_broken

__all__ = ["TRAIN_PROPOSALS"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="KIND:PATH:SPLIT, or a folder of our format")
    parser.add_argument("--model", required=True, metavar="DIR", help="to begin with: embedded")
    parser.add_argument(
        "--work", required=True, type=Path, metavar="DIR",
        help="folder of checkpoints and logs, and of the model: DIR/last",
    )  # fmt: skip
    parser.add_argument("--steps", type=int, metavar="N", help="steps of 4 images (default: 400)")
    parser.add_argument("--learning-rate", type=float, metavar="X", help="(default: 5e-4)")
    parser.add_argument("--seed", type=int, default=0, help="of all draws (default: 0)")
    add_broken(parser)
    add_device(parser)


def _run(options: argparse.Namespace) -> int:
    from llmseg_core.familiarity.seen_images import SEEN_IMAGES_FILE
    from llmseg_core.model_dir.directory import model_directory

    from ..data import BrokenPolicy
    from ..embedded.tune_sam import tune_recipe, tune_sam
    from ..trainer.processes import processes, use_device

    recipe = tune_recipe(options.steps, options.learning_rate)
    use_device(options.device)
    state = processes()
    try:
        model = tune_sam(
            options.model,
            options.data,
            options.work,
            recipe,
            options.seed,
            BrokenPolicy(options.broken),
        )
        if state.is_main_process:
            print(f"model directory: {model}")
            if (model_directory(options.model) / SEEN_IMAGES_FILE).exists():
                print(
                    "what the model had seen, which told it familiar images from others, belonged "
                    "to its former SAM and is left out: llmseg familiarity fit makes it anew"
                )
    finally:
        state.destroy_process_group()
    return 0


TRAIN_PROPOSALS = Command(
    "Teach the small SAM of a model the masks of your own images.",
    _add_arguments,
    _run,
    needs=("accelerate", "embreex", "pycocotools", "scipy"),
)
