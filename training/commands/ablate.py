# SPDX-License-Identifier: Apache-2.0
"""`llmseg ablate`: the paper's Tables 2 and 4 on rendered scenes, ours beside the paper's."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from llmseg_core.cli.command import Command
from llmseg_core.cli.device_argument import add_device
from llmseg_core.config.values import require

from .choices import ABLATION_TABLES

__all__ = ["ABLATE", "ABLATION_RECIPE"]

ABLATION_RECIPE = Path(__file__).resolve().parents[1] / "configs" / "ablation.yaml"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "table", choices=ABLATION_TABLES,
        help="table2: fusion module and heads; table4: image encoders",
    )  # fmt: skip
    parser.add_argument(
        "--model", default="embedded", metavar="DIR", help="whose networks are used"
    )
    parser.add_argument("--work", type=Path, default=Path("build/ablation"), metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for the results (default: --work)")
    parser.add_argument("--recipe", type=Path, default=ABLATION_RECIPE, metavar="YAML")
    parser.add_argument(
        "--convnext", type=Path, metavar="PATH",
        help="table4: CLIP's ConvNeXt, OpenCLIP's file or a folder of transformers' ConvNextModel "
        "(default: random weights)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, metavar="N", help="instead of the recipe's")
    parser.add_argument("--workers", type=int, default=1, help="processes that render scenes")
    parser.add_argument("--threads", type=int, help="of the training")
    add_device(parser)


def _run(options: argparse.Namespace) -> int:
    import torch
    from rich.console import Console

    from llmseg_core.runtime.folder_lock import locked

    from ..embedded.ablation import Ablation
    from ..embedded.ablation_report import ablation_table, write_ablation
    from ..embedded.recipe import load_recipe
    from ..trainer.processes import use_device

    use_device(options.device)
    if options.threads is not None:
        require(options.threads >= 1, "--threads", options.threads, "at least 1")
        torch.set_num_threads(options.threads)
    recipe = load_recipe(options.recipe)
    if options.seed is not None:
        recipe = replace(recipe, seed=options.seed)
    ablation = Ablation(
        options.table, recipe, options.work, options.model, options.convnext, options.workers
    )
    with locked(options.work):
        scores = ablation.run()
    title = (
        f"{recipe.scenes.test} rendered scenes, {recipe.selection.steps} steps a row, "
        f"seed {recipe.seed}"
    )
    out = options.out or options.work
    write_ablation(options.table, scores, title, out)
    Console().print(ablation_table(options.table, scores, title))
    print(f"wrote {out / options.table}.json and .png")
    return 0


ABLATE = Command(
    "Repeat the paper's Tables 2 and 4 on rendered scenes.",
    _add_arguments,
    _run,
    needs=("accelerate", "embreex", "matplotlib", "pycocotools", "scipy"),
)
