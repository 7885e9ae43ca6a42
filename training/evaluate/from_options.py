# SPDX-License-Identifier: Apache-2.0
"""An evaluation as the options of `llmseg evaluate` ask for it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from accelerate import PartialState

from llmseg_core.config import PAPER_RULES, SelectionConfig
from llmseg_core.model_dir.directory import model_directory
from llmseg_core.runtime.whole_file import write_whole

from ..data import BrokenPolicy, SceneData, broken_report
from ..trainer.processes import processes, use_device
from .answered_elsewhere import AnsweredElsewhere, AnswerElsewhere
from .asked_data import asked_indices, check_amounts, open_data_as_asked, slug
from .evaluation import evaluate
from .gallery import gallery
from .json_lines import JsonLines
from .method_options import Answerer, answerer_name, forget_answers, open_answerer
from .paper_tables import beside, paper_table
from .prediction_writer import PredictionFormat, WrittenAnswers
from .report import (
    evaluation_report,
    print_tables,
    read_report,
    report_tables,
    side_by_side,
    write_json,
)
from .sweep import paper_rules, sweep_settings
from .sweep_plot import plot_sweep

__all__ = ["evaluate_as_asked"]


def evaluate_as_asked(
    options: argparse.Namespace, elsewhere: AnswerElsewhere | None = None
) -> None:
    """Evaluate, print the tables and write the report; of several processes one does the latter.

    Args:
        options: of `llmseg evaluate`.
        elsewhere: lets others answer; None lets these processes answer.

    Raises:
        ValueError, OSError: if an option is wrong, or something cannot be read.
    """
    check_amounts(options)
    if options.gallery < 0:
        raise ValueError(f"--gallery is {options.gallery}, it must be at least 0")
    others = [read_report(path) for path in options.also]
    asked = _each_model(options)
    if options.predictions is None and options.method == "llm-seg":
        for each in asked:
            model_directory(each.model)  # a wrong path shows before scenes are rendered
    if options.write_predictions is not None:
        _refuse_odd_name(options.write_predictions)
    if elsewhere is None:
        use_device(options.device)
    state = processes()
    if elsewhere is not None and state.num_processes > 1:
        raise ValueError(f"--engine ray is for one process, here are {state.num_processes}")
    try:
        reports: list[dict[str, Any]] = []
        for each in asked:
            report = _evaluate(each, state, [*others, *reports], elsewhere)
            reports += [] if report is None else [report]
        if len(reports) > 1:
            print_tables(side_by_side(reports))
    finally:
        state.destroy_process_group()


def _each_model(options: argparse.Namespace) -> list[argparse.Namespace]:
    """The options of each model, in the order in which they were named.

    Raises:
        ValueError: if several models are named, and an option is for one.
    """
    models = options.models or ["embedded"]
    each = [argparse.Namespace(**{**vars(options), "model": model}) for model in models]
    if len(models) == 1:
        return each
    for name in ("predictions", "name", "json", "write_predictions", "proposals"):
        if getattr(options, name) is not None:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} is for one model, here are {len(models)}")
    if options.method != "llm-seg":
        raise ValueError(f"--method {options.method} takes no --model, here are {len(models)}")
    names = [answerer_name(one) for one in each]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two models are called {name!r}, their folders need other names")
    for one, name in zip(each, names, strict=True):
        one.out = None if options.out is None else options.out / slug(name)
        one.beside = options.beside if one is each[-1] else []  # below all of them
    return each


def _evaluate(
    options: argparse.Namespace,
    state: PartialState,
    others: list[dict[str, Any]],
    elsewhere: AnswerElsewhere | None,
) -> dict[str, Any] | None:
    """Evaluate one model; the report, or None in processes that do not write it."""
    with state.main_process_first():
        data = open_data_as_asked(options)
    name = options.name or answerer_name(options)
    out = options.out or Path("build/evaluate") / slug(data.name) / slug(name)
    with state.main_process_first():
        if options.fresh and state.is_main_process:
            forget_answers(out)
    device = str(state.device) if elsewhere is None else None
    keep = lambda file, about: JsonLines(out / file, about)  # noqa: E731
    answerer = open_answerer(options, data, device, keep)
    source, indices = answerer.source, asked_indices(data, options.samples)
    share = state.process_index, state.num_processes
    if elsewhere is not None:
        if answerer.records is None:
            raise ValueError("--engine ray lets a model answer, and --predictions are answers")
        refused = elsewhere(options, data, answerer.records, indices)
        source = AnsweredElsewhere(source, refused)
    if answerer.records is None:  # reading is for one process
        share = 0, 1
        if not state.is_main_process:
            return None
    if options.write_predictions is not None:
        place, order = options.write_predictions, [data.sample_name(index) for index in indices]
        form = PredictionFormat.RLE if place.suffix == ".jsonl" else PredictionFormat.PNG
        source = WrittenAnswers(source, place, form, share, order)
    settings, policy = _settings(options, answerer), BrokenPolicy(options.broken)
    found = evaluate(data, source, indices, settings, policy, share)
    if not state.is_main_process:
        return None
    if found.broken:
        print(broken_report(data, found.broken, len(indices)), file=sys.stderr)
    calibrated = answerer.is_calibrated
    report = evaluation_report(found, name, options.resamples, options.seed, calibrated)
    if isinstance(data, SceneData):
        questions = data.questions_a_round
        report |= {"scenes": report["images"], "questions_per_scene": questions}
    written = [options.json or out / "report.json"]
    write_json(written[0], report)
    title = f"{name} on {data.name}, {len(found.cases)} questions"
    if options.sweep and answerer.selection is not None:
        written.append(out / "sweep.png")
        oracle = report["scores"]["oracle_giou"]
        plot_sweep(written[-1], found.sweep, title, answerer.selection.iop_threshold, oracle)
    if options.gallery:
        written.append(out / "gallery.html")
        write_whole(written[-1], gallery(found, data, answerer.source, options.gallery, title))
    print_tables(report_tables(report), *_beside(options, report, others))
    print(f"written: {', '.join(map(str, written))}")
    return report


def _refuse_odd_name(place: Path) -> None:
    """Refuse a name that looks like a file's of another format than predictions have."""
    if place.suffix not in ("", ".jsonl") and not place.is_dir():
        raise ValueError(
            f"--write-predictions is {str(place)!r}, it must be a folder or a file .jsonl; make a "
            f"folder of such a name first"
        )


def _settings(options: argparse.Namespace, answerer: Answerer) -> list[SelectionConfig]:
    """Selection rules and thresholds to try: the paper's four rules, then the whole sweep."""
    if answerer.selection is None:
        if options.sweep:
            raise ValueError("--sweep selects among a model's proposals, and here is no model")
        return []
    if options.sweep or "paper-table-3" in options.beside:
        return [*paper_rules(answerer.selection), *sweep_settings(answerer.selection)]
    return []


def _beside(
    options: argparse.Namespace, report: Mapping[str, Any], others: list[dict[str, Any]]
) -> list[Any]:
    """The tables of the paper that were asked for."""
    names = [*options.beside]
    if options.sweep and "paper-table-3" not in names:
        names.append("paper-table-3")
    measured = [(each["name"], each["scores"]) for each in (report, *others)]
    by_rule = {row["rule"]: row for row in report["sweep"][: len(PAPER_RULES)]}
    return [beside(paper_table(name), report["data"], measured, by_rule) for name in names]
