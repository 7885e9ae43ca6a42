# SPDX-License-Identifier: Apache-2.0
"""`llmseg generate`: questions with masks for images, checked."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from llmseg_core.cli.command import Command
from llmseg_core.cli.device_argument import add_device, chosen_device

from ..generate.shipped import GENERATE_RECIPES
from .engine_arguments import add_engine, asked_cluster, chosen_engine

if TYPE_CHECKING:
    from ..generate.run import LooksElsewhere

__all__ = ["GENERATE"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=("run", "page", "accept", "measure"),
        help="run RECIPE OUT: make a data set, or go on with it; page OUT: a page to accept or "
        "reject samples on; accept OUT VERDICTS: what the saved page says, with its interval; "
        "measure OUT: precision and recall of the filters on rendered scenes with planted errors",
    )  # fmt: skip
    parser.add_argument(
        "first", metavar="RECIPE|OUT",
        help=f"run: a YAML file, or one of {', '.join(GENERATE_RECIPES)}; else the folder",
    )  # fmt: skip
    parser.add_argument("second", nargs="?", type=Path, metavar="OUT|VERDICTS")
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="KEY=VALUE",
        help="run: a value of the recipe, such as budget.requests=100; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--offline", action="store_true", help="run: answer from the replies in OUT alone"
    )
    parser.add_argument(
        "--samples", type=int, metavar="N", default=200,
        help="page: questions on it; measure: scenes (default: 200)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=0, help="page, measure: of what is drawn (default: 0)"
    )
    parser.add_argument(
        "--scenes", type=Path, default=Path("build/scenes"), metavar="DIR",
        help="measure: folder of rendered scenes; what is missing is rendered "
        "(default: build/scenes)",
    )  # fmt: skip
    parser.add_argument(
        "--sam", metavar="DIR", help="measure: also the masks that this SAM draws of boxes"
    )
    add_device(parser)
    add_engine(parser, readers=False)


def _run(options: argparse.Namespace) -> int:
    if options.samples < 1:
        raise ValueError(f"--samples is {options.samples}, it must be at least 1")
    if options.seed < 0:
        raise ValueError(f"--seed is {options.seed}, it must be at least 0")
    needs_second = options.action in ("run", "accept")
    if needs_second and options.second is None:
        what = "OUT, the folder to write" if options.action == "run" else "VERDICTS, the saved file"
        raise ValueError(f"{options.action} needs a second argument, {what}")
    if not needs_second and options.second is not None:
        raise ValueError(f"{options.action} takes one folder, {str(options.second)!r} is too much")
    if options.action != "run" and chosen_engine(options) == "ray":
        raise ValueError(f"--engine ray is for run, and this is {options.action}")
    return {"run": _generate, "page": _page, "accept": _accept, "measure": _measure}[
        options.action
    ](options)


def _generate(options: argparse.Namespace) -> int:
    from llmseg_core.config import RuntimeConfig

    from ..generate.recipe import load_generate_recipe
    from ..generate.run import DATA, generate
    from ..generate.summary import report_text

    recipe = load_generate_recipe(options.first, options.settings)
    runtime = RuntimeConfig(device=chosen_device(options))
    elsewhere = _with_ray(options) if chosen_engine(options) == "ray" else None
    report = generate(recipe, options.second, runtime, options.offline, elsewhere)
    print(report_text(report))
    print(f"{options.second / DATA} is the data set; look at it: llmseg generate page "
          f"{options.second}")  # fmt: skip
    return 0


def _with_ray(options: argparse.Namespace) -> LooksElsewhere:
    from ..generate.ray_looking import ray_looks

    return partial(ray_looks, cluster=asked_cluster(options))


def _page(options: argparse.Namespace) -> int:
    from ..generate.result.review_page import write_review_page

    page, count = write_review_page(Path(options.first), options.samples, options.seed)
    print(f"{page} shows {count} questions: open it in a browser, save what you found, then")
    print(f"llmseg generate accept {options.first} VERDICTS")
    return 0


def _accept(options: argparse.Namespace) -> int:
    from ..generate.result.review import review

    print(review(Path(options.first), options.second).text())
    return 0


def _measure(options: argparse.Namespace) -> int:
    from llmseg_core.config import RuntimeConfig

    from ..generate.measure.measuring import measure

    runtime = RuntimeConfig(device=chosen_device(options))
    found = measure(
        Path(options.first), options.scenes, options.samples, options.seed, options.sam, runtime
    )
    print(found.text())
    if not found.passes:
        print("llmseg generate: below 0.9 recall or 0.95 precision", file=sys.stderr)
    return 0 if found.passes else 1


GENERATE = Command(
    "Make questions with masks for images, and check them.",
    _add_arguments,
    _run,
    needs=("accelerate", "embreex", "matplotlib", "pycocotools", "scipy"),
)
