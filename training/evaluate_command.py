"""`llmseg evaluate`: scores of a model, or of any system's masks, on a data set."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmseg_core import LLMSegPipeline
from llmseg_core.command import Command
from llmseg_core.config import RuntimeConfig, SelectionConfig, SelectionRule

from .data import SegmentationData
from .data.open_data import open_data
from .data.readable import BrokenPolicy
from .evaluate.answers import AnswerSource
from .evaluate.asking import phrase_question
from .evaluate.json_lines import JsonLines
from .evaluate.model_answers import PipelineAnswers
from .evaluate.model_digest import model_digest
from .evaluate.paper_tables import PAPER_TABLES, beside, paper_table
from .evaluate.report import (
    evaluation_report,
    print_tables,
    read_report,
    report_tables,
    write_json,
)
from .evaluate.run import evaluate
from .evaluate.sweep import paper_rules, sweep_settings
from .evaluate.sweep_plot import plot_sweep
from .proposal_cache import CachedProposals

__all__ = ["EVALUATE"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, metavar="SPEC", help="KIND:PATH:SPLIT, or folder")
    parser.add_argument("--samples", type=int, metavar="N", help="only the first N images")
    parser.add_argument(
        "--broken", choices=[policy.value for policy in BrokenPolicy], default="fatal",
        help="what happens when a sample cannot be read (default: fatal)",
    )  # fmt: skip
    model = parser.add_argument_group("the model")
    model.add_argument("--model", default="embedded", metavar="DIR", help="model directory")
    model.add_argument("--device", default="cpu", help='"cpu" (default), "cuda", "cuda:1"')
    model.add_argument("--dtype", default="float32", help="float32 (default), bfloat16, float16")
    model.add_argument("--proposals", type=Path, metavar="CACHE", help="stored proposals")
    model.add_argument("--rule", choices=[rule.value for rule in SelectionRule])
    model.add_argument(
        "--threshold", dest="iop_threshold", type=float, metavar="X", help="IoP, [0, 1]"
    )
    model.add_argument("--top-k", type=int, metavar="K", help="for iop_among_top")
    model.add_argument("--min-confidence", type=float, metavar="X", help="[0, 1]")
    model.add_argument(
        "--phrase-question", metavar="TEXT",
        help='how a short phrase is asked, with {name}; default as the model was trained: '
        '"{name}", or "What is {name} in this image?"',
    )  # fmt: skip
    report = parser.add_argument_group("the report")
    report.add_argument("--name", help="of the method, for tables (default: the model's folder)")
    report.add_argument(
        "--out", type=Path, metavar="DIR",
        help="answers so far, from which an interrupted run goes on, report.json and pictures "
        "(default: build/evaluate/DATA/NAME)",
    )  # fmt: skip
    report.add_argument("--json", type=Path, metavar="FILE", help="(default: OUT/report.json)")
    report.add_argument(
        "--sweep", action="store_true", help="all rules and thresholds, with plot and Table 3"
    )
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


def _run(options: argparse.Namespace) -> int:
    if options.samples is not None and options.samples < 1:
        raise ValueError(f"--samples is {options.samples}, it must be at least 1")
    others = [read_report(path) for path in options.also]
    data = open_data(options.data)
    name = options.name or Path(options.model).resolve().name
    out = options.out or Path("build/evaluate") / _slug(data.name) / _slug(name)
    source, selection = _model(options, data, out)
    wanted = options.sweep or "paper-table-3" in options.beside
    settings = [*paper_rules(selection), *sweep_settings(selection)] if wanted else []
    found = evaluate(data, source, options.samples, settings, BrokenPolicy(options.broken))
    report = evaluation_report(found, name, options.resamples, options.seed)
    path = options.json or out / "report.json"
    write_json(path, report)
    if options.sweep:
        title = f"{name} on {data.name}, {len(found.cases)} questions"
        oracle = report["scores"]["oracle_giou"]
        plot_sweep(out / "sweep.png", found.sweep, title, selection.iop_threshold, oracle)
    print_tables(report_tables(report), *_beside(options, report, others))
    print(f"written to {path}")
    return 0


EVALUATE = Command("Score a model or any system's masks on a data set.", _add_arguments, _run)


def _model(
    options: argparse.Namespace, data: SegmentationData, out: Path
) -> tuple[AnswerSource, SelectionConfig]:
    """The answers of a model, and its selection rule."""
    runtime = RuntimeConfig(device=options.device, dtype=options.dtype)
    pipeline = LLMSegPipeline.from_pretrained(options.model, runtime)
    about = {"model": model_digest(options.model), "data": data.name, "dtype": options.dtype}
    if options.proposals is not None:
        pipeline = _with_stored_proposals(pipeline, options.proposals)
        about["proposals"] = str(options.proposals)
    names = ("rule", "iop_threshold", "top_k", "min_confidence")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    selection = replace(pipeline.config.selection, **given)
    wording = options.phrase_question or phrase_question(pipeline.config.seg_token)
    file = JsonLines(out / "scores.jsonl", about)
    return PipelineAnswers(pipeline, file, selection, wording), selection


def _with_stored_proposals(pipeline: LLMSegPipeline, folder: Path) -> LLMSegPipeline:
    return LLMSegPipeline(
        CachedProposals(folder, pipeline.config.proposals),
        pipeline.mask_embedder,
        pipeline.seg_token_encoder,
        pipeline.selector,
        pipeline.config,
    )


def _beside(
    options: argparse.Namespace, report: Mapping[str, Any], others: list[dict[str, Any]]
) -> list[Any]:
    """The tables of the paper that were asked for."""
    names = [*options.beside]
    if options.sweep and "paper-table-3" not in names:
        names.append("paper-table-3")
    measured = [(each["name"], each["scores"]) for each in (report, *others)]
    by_rule = {row["rule"]: row for row in report["sweep"][: len(SelectionRule)]}
    return [beside(paper_table(name), report["data"], measured, by_rule) for name in names]


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("_") or "unnamed"
