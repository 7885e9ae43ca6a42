# SPDX-License-Identifier: Apache-2.0
"""`llmseg train`: LLM-Seg's adapter and selector, or LISA's adapter and decoder, by a recipe."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from llmseg_core.cli.command import Command
from llmseg_core.cli.device_argument import add_device

from ..adapter.shipped import SHIPPED

__all__ = ["TRAIN"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "recipe", metavar="RECIPE", help=f"YAML file, or one of {', '.join(SHIPPED)}"
    )
    parser.add_argument(
        "--work", type=Path, metavar="DIR",
        help="folder of checkpoints, logs and models (default: build/NAME_OF_RECIPE)",
    )  # fmt: skip
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="KEY=VALUE",
        help="a value of the recipe, such as steps=200 or lora.rank=4; may be given several times",
    )  # fmt: skip

    parser.add_argument(
        "--from", dest="begin_with", metavar="CHECKPOINT",
        help="begin with the weights of a checkpoint-N of another training, and nothing else of it",
    )  # fmt: skip
    add_device(parser)


def _run(options: argparse.Namespace) -> int:
    import torch

    from llmseg_core.model_dir.checkpoint import method_name

    from ..adapter.recipe import load_adapter_recipe
    from ..adapter.train import train_adapter
    from ..lisa.train import train_lisa
    from ..trainer.processes import use_device

    recipe = load_adapter_recipe(options.recipe, options.settings)
    if options.begin_with is not None:
        recipe = replace(recipe, begin_with=options.begin_with)
    work = options.work or Path("build") / Path(options.recipe).stem
    try:
        use_device(options.device)
        train = train_lisa if method_name(recipe.model) == "lisa" else train_adapter
        model = train(recipe, work)
        main = not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0
        if main:
            print(f"model directory: {model}")
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
    return 0


TRAIN = Command(
    "Train adapter and selector by a recipe.",
    _add_arguments,
    _run,
    needs=("accelerate", "embreex", "matplotlib", "pycocotools", "scipy"),
)
