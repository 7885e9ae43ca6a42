# SPDX-License-Identifier: Apache-2.0
"""`llmseg evaluate`: scores of a model, or of any system's masks, on a data set."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmseg_core.cli.command import Command
from llmseg_core.config import SelectionConfig, SelectionRule

from .choices import BROKEN, PAPER_TABLES
from .method_arguments import add_method_arguments

if TYPE_CHECKING:
    from ..evaluate.method_options import Method

__all__ = ["EVALUATE"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, metavar="SPEC", help="KIND:PATH:SPLIT, or folder")
    parser.add_argument("--samples", type=int, metavar="N", help="only the first N images")
    parser.add_argument(
        "--broken", choices=BROKEN, default="fatal",
        help="what happens when a sample cannot be read (default: fatal)",
    )  # fmt: skip
    add_method_arguments(parser)
    report = parser.add_argument_group("the report")
    report.add_argument("--name", help="of the method, for tables (default: its folder's)")
    report.add_argument(
        "--out", type=Path, metavar="DIR",
        help="answers so far, from which an interrupted run goes on, report.json and pictures "
        "(default: build/evaluate/DATA/NAME)",
    )  # fmt: skip
    report.add_argument("--json", type=Path, metavar="FILE", help="default: OUT/report.json")
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
    report.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    report.add_argument(
        "--write-predictions", type=Path, metavar="PATH",
        help="write the masks as --predictions reads them: a folder, or with the suffix .jsonl a "
        "file of run lengths",
    )  # fmt: skip


def _run(options: argparse.Namespace) -> int:
    from llmseg_core.runtime.whole_file import write_whole

    from ..data.open_data import open_data
    from ..data.readable import BrokenPolicy
    from ..evaluate.evaluation import evaluate
    from ..evaluate.gallery import gallery
    from ..evaluate.method_options import method_name, open_method
    from ..evaluate.prediction_writer import PredictionFormat, WrittenAnswers
    from ..evaluate.report import (
        evaluation_report,
        print_tables,
        read_report,
        report_tables,
        write_json,
    )
    from ..evaluate.sweep_plot import plot_sweep

    if options.samples is not None and options.samples < 1:
        raise ValueError(f"--samples is {options.samples}, it must be at least 1")
    if options.gallery < 0:
        raise ValueError(f"--gallery is {options.gallery}, it must be at least 0")
    others = [read_report(path) for path in options.also]
    data = open_data(options.data)
    name = options.name or method_name(options)
    out = options.out or Path("build/evaluate") / _slug(data.name) / _slug(name)
    method = open_method(options, data.name, out)
    source = method.source
    if options.write_predictions is not None:
        place = options.write_predictions
        form = PredictionFormat.RLE if place.suffix == ".jsonl" else PredictionFormat.PNG
        source = WrittenAnswers(source, place, form)
    settings, policy = _settings(options, method), BrokenPolicy(options.broken)
    found = evaluate(data, source, options.samples, settings, policy)
    report = evaluation_report(found, name, options.resamples, options.seed)
    written = [options.json or out / "report.json"]
    write_json(written[0], report)
    title = f"{name} on {data.name}, {len(found.cases)} questions"
    if options.sweep and method.selection is not None:
        written.append(out / "sweep.png")
        oracle = report["scores"]["oracle_giou"]
        plot_sweep(written[-1], found.sweep, title, method.selection.iop_threshold, oracle)
    if options.gallery:
        written.append(out / "gallery.html")
        write_whole(written[-1], gallery(found, data, method.source, options.gallery, title))
    print_tables(report_tables(report), *_beside(options, report, others))
    print(f"written: {', '.join(map(str, written))}")
    return 0


EVALUATE = Command(
    "Score a model or any system's masks on a data set.",
    _add_arguments,
    _run,
    needs=("embreex", "matplotlib", "pycocotools", "scipy"),
)


def _settings(options: argparse.Namespace, method: Method) -> list[SelectionConfig]:
    """Selection rules and thresholds to try: the paper's four rules, then the whole sweep."""
    from ..evaluate.sweep import paper_rules, sweep_settings

    if method.selection is None:
        if options.sweep:
            raise ValueError("--sweep selects among a model's proposals, and here is no model")
        return []
    if options.sweep or "paper-table-3" in options.beside:
        return [*paper_rules(method.selection), *sweep_settings(method.selection)]
    return []


def _beside(
    options: argparse.Namespace, report: Mapping[str, Any], others: list[dict[str, Any]]
) -> list[Any]:
    """The tables of the paper that were asked for."""
    from ..evaluate.paper_tables import beside, paper_table

    names = [*options.beside]
    if options.sweep and "paper-table-3" not in names:
        names.append("paper-table-3")
    measured = [(each["name"], each["scores"]) for each in (report, *others)]
    by_rule = {row["rule"]: row for row in report["sweep"][: len(SelectionRule)]}
    return [beside(paper_table(name), report["data"], measured, by_rule) for name in names]


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("_") or "unnamed"
