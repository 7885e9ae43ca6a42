# SPDX-License-Identifier: Apache-2.0
"""`llmseg ablate`: the paper's Tables 2, 4 and 5 on rendered scenes, and where a model loses."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from llmseg_core.cli.command import Command
from llmseg_core.cli.device_argument import add_device
from llmseg_core.config.values import require

from .choices import ABLATION_TABLES, ORACLE_TABLE

__all__ = ["ABLATE", "ABLATION_RECIPE"]

ABLATION_RECIPE = Path(__file__).resolve().parents[1] / "configs" / "ablation.yaml"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "table", choices=(*ABLATION_TABLES, ORACLE_TABLE),
        help="table2: fusion module and heads; table4: image encoders; table5: LLM-Seg and LISA, "
        "zero-shot and fine-tuned, beside Table 1 too; oracles: nothing is trained, parts of the "
        "model are replaced by the truth on the recipe's validation scenes",
    )  # fmt: skip
    parser.add_argument(
        "--model", default="embedded", metavar="DIR", help="whose networks are used"
    )
    parser.add_argument("--work", type=Path, default=Path("build/ablation"), metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for the results (default: --work)")
    parser.add_argument(
        "--recipe", type=Path, metavar="YAML",
        help="default: ablation.yaml, or comparison.yaml for table5, in training/configs",
    )  # fmt: skip
    parser.add_argument(
        "--convnext", type=Path, metavar="PATH",
        help="table4: CLIP's ConvNeXt, OpenCLIP's file or a folder of transformers' ConvNextModel "
        "(default: random weights)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, metavar="N",
        help="instead of the recipe's; table5 shows the mean of all seeds that --work holds",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, default=1, help="processes that render scenes")
    parser.add_argument("--threads", type=int, help="of the training")
    add_device(parser)


def _run(options: argparse.Namespace) -> int:
    import torch

    from llmseg_core.runtime.folder_lock import locked

    from ..trainer.processes import use_device

    use_device(options.device)
    if options.threads is not None:
        require(options.threads >= 1, "--threads", options.threads, "at least 1")
        torch.set_num_threads(options.threads)
    if options.seed is not None:
        require(0 <= options.seed < 2**32, "--seed", options.seed, "in [0, 2^32)")
    out = options.out or options.work
    with locked(options.work):
        if options.table == ORACLE_TABLE:
            _show_oracles(options, out)
        else:
            _compare(options, out) if options.table == "table5" else _ablate(options, out)
    return 0


def _ablate(options: argparse.Namespace, out: Path) -> None:
    from rich.console import Console

    from ..embedded.ablation import Ablation
    from ..embedded.ablation_report import ablation_table, write_ablation
    from ..embedded.recipe import load_recipe

    recipe = load_recipe(options.recipe or ABLATION_RECIPE)
    if options.seed is not None:
        recipe = replace(recipe, seed=options.seed)
    scores = Ablation(
        options.table, recipe, options.work, options.model, options.convnext, options.workers
    ).run()
    title = (
        f"{recipe.scenes.test} rendered scenes, {recipe.selection.steps} steps a row, "
        f"seed {recipe.seed}"
    )
    write_ablation(options.table, scores, title, out)
    Console().print(ablation_table(options.table, scores, title))
    print(f"wrote {out / options.table}.json and .png")


def _compare(options: argparse.Namespace, out: Path) -> None:
    from rich.console import Console

    from ..embedded.comparison import COMPARISON_RECIPE, Comparison, load_comparison
    from ..embedded.comparison_report import comparison_tables, write_comparison

    recipe = load_comparison(options.recipe or COMPARISON_RECIPE)
    comparison = Comparison(recipe, options.work, options.model, options.workers)
    comparison.run(options.seed or 0)
    runs = comparison.finished()
    title = (
        f"{recipe.scenes.test} rendered scenes, {recipe.training.steps} + "
        f"{recipe.fine_tuning.steps} steps, seeds {', '.join(map(str, runs))}"
    )
    write_comparison(runs, title, out / "table5.json")
    for table in comparison_tables(runs, title):
        Console().print(table)
    print(f"wrote {out / 'table5.json'}")


def _show_oracles(options: argparse.Namespace, out: Path) -> None:
    """Replace parts of a model by the truth; nothing is trained."""
    from rich.console import Console

    from llmseg_core.config import RuntimeConfig
    from llmseg_core.methods.llm_seg import LLMSegPipeline

    from ..data import SceneData
    from ..embedded.oracle_report import oracle_tables, write_oracles
    from ..embedded.oracles import measure_oracles
    from ..embedded.recipe import load_recipe
    from ..scenes import write_scenes
    from ..trainer.processes import processes

    recipe = load_recipe(options.recipe or ABLATION_RECIPE)
    seed = recipe.seed if options.seed is None else options.seed
    runtime = RuntimeConfig(device=str(processes().device))
    pipeline = LLMSegPipeline.from_pretrained(options.model, runtime)
    sizes, root = recipe.scenes, options.work / "scenes"
    write_scenes(root, "val", sizes.val, workers=options.workers, config=sizes.config)
    phrasings, questions = ("val", "train"), recipe.ship.questions
    scenes = SceneData(root, "val", phrasings, questions, seed, sizes.categories)
    scores = measure_oracles(pipeline, scenes, scenes.asked_about(sizes.val))
    title = f"{options.model} on {sizes.val} validation scenes, seed {seed}"
    file = out / f"{ORACLE_TABLE}.json"
    write_oracles(scores, title, file)
    Console().print(oracle_tables(scores, title))
    print(f"wrote {file}")


ABLATE = Command(
    "Repeat the paper's Tables 2, 4 and 5 on rendered scenes, or see where a model loses.",
    _add_arguments,
    _run,
    needs=("accelerate", "embreex", "matplotlib", "pycocotools", "scipy"),
)
