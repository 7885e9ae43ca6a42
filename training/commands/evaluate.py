# SPDX-License-Identifier: Apache-2.0
"""`llmseg evaluate`: scores of a model, or of any system's masks, on a data set."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from llmseg_core.cli.command import Command
from llmseg_core.cli.file_argument import file_to_write

from .choices import PAPER_TABLES
from .common_arguments import add_broken, add_questions, add_samples
from .engine_arguments import add_engine, asked_cluster, chosen_engine
from .method_arguments import add_method_arguments

if TYPE_CHECKING:
    from ..evaluate.answered_elsewhere import AnswerElsewhere

__all__ = ["EVALUATE"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, metavar="SPEC", help="KIND:PATH:SPLIT, or folder")
    add_samples(
        parser,
        "only the first N images; of scenes:PATH:SPLIT those that are missing are rendered",
    )
    add_questions(parser)
    add_broken(parser, "what happens when a sample cannot be read")
    add_method_arguments(parser)
    add_engine(parser, readers=False)
    report = parser.add_argument_group("the report")
    report.add_argument("--name", help="of the method, for tables (default: its folder's)")
    report.add_argument(
        "--out", type=Path, metavar="DIR",
        help="answers so far, from which an interrupted run goes on, report.json and pictures "
        "(default: build/evaluate/DATA/NAME)",
    )  # fmt: skip
    report.add_argument(
        "--fresh", action="store_true", help="ask everything anew, whatever was answered before"
    )
    report.add_argument(
        "--json", type=file_to_write, metavar="FILE", help="default: OUT/report.json"
    )
    report.add_argument(
        "--sweep", action="store_true", help="all rules and thresholds: OUT/sweep.png, Table 3"
    )
    report.add_argument(
        "--gallery", type=int, nargs="?", const=12, default=0, metavar="N",
        help="the N worst and best cases (12 if N is left out): OUT/gallery.html",
    )  # fmt: skip
    report.add_argument(
        "--beside", action="append", default=[], choices=PAPER_TABLES, metavar="TABLE",
        help="print a table of the paper with the measured row: paper-table-1 to paper-table-5",
    )  # fmt: skip
    report.add_argument(
        "--also", action="append", default=[], type=Path, metavar="REPORT",
        help="JSON of an earlier evaluation, another measured row of --beside",
    )  # fmt: skip
    report.add_argument("--resamples", type=int, default=2000, help="of the bootstrap")
    report.add_argument(
        "--seed", type=int, default=0,
        help="of the bootstrap, and of the questions about scenes:PATH:SPLIT (default: 0)",
    )  # fmt: skip
    report.add_argument(
        "--write-predictions", type=Path, metavar="PATH",
        help="write the masks as --predictions reads them: a folder, or with the suffix .jsonl a "
        "file of run lengths",
    )  # fmt: skip


def _run(options: argparse.Namespace) -> int:
    from ..evaluate.from_options import evaluate_as_asked

    evaluate_as_asked(options, _with_ray(options) if chosen_engine(options) == "ray" else None)
    return 0


def _with_ray(options: argparse.Namespace) -> AnswerElsewhere:
    from ..evaluate.ray_answers import answer_with_ray

    return partial(answer_with_ray, cluster=asked_cluster(options))


EVALUATE = Command(
    "Score a model or any system's masks on a data set.",
    _add_arguments,
    _run,
    needs=("accelerate", "embreex", "matplotlib", "pycocotools", "scipy"),
)
