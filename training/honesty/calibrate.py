# SPDX-License-Identifier: Apache-2.0
"""Fits a model's calibration on questions that it was not trained on, and keeps it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from llmseg_core.cli.device_argument import chosen_device
from llmseg_core.config import (
    Calibration,
    LLMSegConfig,
    RuntimeConfig,
    SelectionConfig,
    SelectionRule,
)
from llmseg_core.methods.method import Method, load_method
from llmseg_core.model_dir.directory import CONFIG_FILE, model_directory
from llmseg_core.model_dir.weights_digest import model_digest
from llmseg_core.types import Segmentation

from ..data import BrokenPolicy, DataSample, ImageData
from ..evaluate.answers import AnswerSource, SampleAnswers
from ..evaluate.asked_data import asked_indices, check_amounts, open_data_as_asked, slug
from ..evaluate.asking import wording_for
from ..evaluate.case import Case
from ..evaluate.evaluation import evaluate
from ..evaluate.json_lines import JsonLines
from ..evaluate.model_answers import PipelineAnswers, SegmenterAnswers
from ..evaluate.reliability import reliability
from ..evaluate.reliability_plot import plot_reliability
from ..evaluate.report import print_tables, write_json
from .calibration_file import write_calibration
from .curves import cross_calibrated, fit_calibration
from .minimum import best_minimum, least_chance, least_score
from .presence_fit import PresenceValues, with_presence
from .rule_fit import RuleFit

__all__ = [
    "FoundCalibration",
    "calibrate_as_asked",
    "calibrated_case",
    "calibration_by",
    "judged_case",
    "unjudged_answers",
]


def calibrate_as_asked(options: argparse.Namespace) -> None:
    """Ask, fit, keep the calibration in the model's `llmseg.yaml`, and tell what it is worth.

    Args:
        options: of `llmseg calibrate`.

    Raises:
        ValueError, OSError: if an option is wrong, something cannot be read, or there are too few
            questions.
    """
    check_amounts(options)
    model = model_directory(options.model)
    data = open_data_as_asked(options)
    name = model.resolve().name
    out = options.out or Path("build/calibrate") / slug(data.name) / slug(name)
    runtime = RuntimeConfig(device=chosen_device(options), dtype=options.dtype)
    policy, indices = BrokenPolicy(options.broken), asked_indices(data, options.samples)
    fits_rule, fits_presence = options.rule is not None, options.presence
    found = calibration_by(model, data, indices, out, runtime, policy, fits_rule, fits_presence)
    results = found.reliability(options.seed)
    title = f"{name} on {data.name}, {len(found.cases)} questions"
    written = [options.json or out / "calibration.json", out / "reliability.png"]
    record = {"name": name, "data": data.name, "min_confidence": found.least}
    if fits_rule or fits_presence:
        record["selection"] = found.selection.to_dict()
    write_json(
        written[0], {**record, "calibration": found.calibration.to_dict(), "results": results}
    )
    plot_reliability(written[1], results, title)
    print_tables(reliability_table(title, results))
    if not options.dry_run:
        rule = found.selection if fits_rule or fits_presence else None
        write_calibration(model, found.calibration, found.least, rule)
        written.insert(0, model / CONFIG_FILE)
    before, now = found.selection, found.least
    if fits_presence:
        print(f"min_presence: {before.min_presence:g}")
    print(f"min_confidence: {before.min_confidence:.4g} before, {now:.4g} calibrated")
    print(f"written: {', '.join(map(str, written))}")


@dataclass(frozen=True)
class FoundCalibration:
    """What answers to held-out questions say.

    Attributes:
        cases: unjudged answers, by the method's own score.
        calibration: fitted on all of them.
        selection: of the model as it was.
        old: calibration of the model as it was.
    """

    cases: tuple[Case, ...]
    calibration: Calibration
    selection: SelectionConfig
    old: Calibration | None

    @property
    def least(self) -> float:
        """The new `min_confidence`."""
        return least_chance(self.selection, self.old, self.calibration)

    def reliability(self, seed: int = 0) -> dict[str, dict[str, Any]]:
        """What confidences are worth without a calibration, and with one, on images left out.

        Rule and presence are those that were fitted on all images.
        """
        selection, old = self.selection, self.old
        return {
            "own scores": reliability(
                [judged_case(case, selection, old) for case in self.cases], seed=seed
            ),
            "calibrated, on images left out": reliability(
                [
                    calibrated_case(case, fitted, least_chance(selection, old, fitted))
                    for case, fitted in cross_calibrated(self.cases)
                ],
                seed=seed,
            ),
        }


def calibration_by(
    model: Path,
    data: ImageData,
    indices: Sequence[int],
    out: Path,
    runtime: RuntimeConfig | None = None,
    policy: BrokenPolicy = BrokenPolicy.FATAL,
    fits_rule: bool = False,
    fits_presence: bool = False,
    no_target_accuracy: float = 0.0,
) -> FoundCalibration:
    """Ask a model, and fit its calibration; the model is not changed.

    Args:
        model: its directory.
        data: images with questions that it was not trained on.
        indices: which images.
        out: folder for answers, from which an interrupted run goes on.
        runtime: device and number format.
        policy: what happens when a sample cannot be used.
        fits_rule: whether the rule `expected_iou` is fitted before, and taken.
        fits_presence: whether it is fitted before how the model tells that anything fits.
        no_target_accuracy: see `with_presence`.

    Raises:
        ValueError, OSError: as `evaluate`, or if there are too few questions, or a rule cannot be
            fitted to a method that has none.
    """
    runtime = runtime or RuntimeConfig()
    method = load_method(model, runtime)
    selection, old = method.selection, method.calibration

    def answers() -> AnswerSource:
        return unjudged_answers(method, model, runtime.dtype, data.name, out, selection)

    for option, asked in (("--rule", fits_rule), ("--presence", fits_presence)):
        if asked and method.description.name != LLMSegConfig.method:
            raise ValueError(
                f"{option}: {model} is a model of the method {method.description.name}, which has "
                f"no selection rule: leave it out"
            )
    if fits_presence:
        selection = replace(selection, min_presence=0.0, presence=None)
    if fits_rule:
        fit = RuleFit(answers())
        evaluate(data, fit, indices, policy=policy)
        rule, old = SelectionRule.EXPECTED_IOU, None
        selection = replace(selection, rule=rule, expected_iou=fit.weights())
    if fits_presence:
        values = PresenceValues(answers())
        found = evaluate(data, values, indices, policy=policy).cases
        selection, told = with_presence(selection, found, values.values, no_target_accuracy)
        return FoundCalibration(tuple(told), fit_calibration(told, data.name), selection, None)
    cases = evaluate(data, _MasksAlone(answers()), indices, policy=policy).cases
    if fits_rule:
        selection = replace(selection, min_confidence=best_minimum(cases))
    return FoundCalibration(cases, fit_calibration(cases, data.name), selection, old)


def unjudged_answers(
    method: Method,
    model: Path,
    dtype: str,
    data: str,
    out: Path,
    selection: SelectionConfig | None = None,
) -> AnswerSource:
    """What a method answers when nothing is too unsure, with its own scores as confidences.

    Args:
        method: from now on without calibration.
        model: its directory.
        dtype: its number format.
        data: name of the data, which stored answers belong to.
        out: folder for answers so far.
        selection: the rule and its thresholds; None takes the method's.
    """
    method.calibration = None
    unjudged = replace(selection or method.selection, min_confidence=0.0)
    about = {"model": model_digest(model), "data": data, "dtype": dtype}
    wording = wording_for(getattr(method, "config", None))
    if method.description.name == LLMSegConfig.method:
        file = JsonLines(out / "scores.jsonl", about)
        return PipelineAnswers(method, file, unjudged, wording)
    file = JsonLines(out / "unjudged.jsonl", about)
    return SegmenterAnswers(_Unjudged(method, unjudged), file, wording)


class _MasksAlone:
    """Answers without what they were selected from, whose measuring takes longest."""

    def __init__(self, source: AnswerSource) -> None:
        self.source = source

    def answer(self, sample: DataSample) -> SampleAnswers:
        """See `AnswerSource`."""
        return SampleAnswers(self.source.answer(sample).predictions)

    def finish(self) -> None:
        """See `AnswerSource`."""
        self.source.finish()


class _Unjudged:
    """A method with a selection of its own, as a `Segmenter`."""

    def __init__(self, method: Method, selection: SelectionConfig) -> None:
        self.method, self.selection = method, selection

    def encode_frame(self, image: np.ndarray) -> Any:
        """See `Segmenter`."""
        return self.method.encode_frame(image)

    def segment_batch(self, frame: Any, instructions: Sequence[str]) -> list[Segmentation]:
        """See `Segmenter`."""
        return self.method.segment_batch(frame, instructions, self.selection)


def calibrated_case(case: Case, calibration: Calibration, least: float) -> Case:
    """A case as a calibrated model would have answered.

    Args:
        case: of an unjudged answer, by the method's own score.
        calibration: turns it into a chance.
        least: a mask that is less sure is dropped, [0, 1].
    """
    score = case.confidence or 0.0
    if case.found and calibration.of_mask(score) >= least:
        return replace(case, confidence=calibration.of_mask(score))
    nothing = case.unanswered()
    if case.presence is not None:
        return nothing
    return replace(nothing, confidence=calibration.of_nothing(score))


def reliability_table(title: str, results: Mapping[str, Mapping[str, Any]]) -> Table:
    """What confidences are worth, for the terminal."""
    table = Table(title=title, title_justify="left")
    for heading in (
        "confidences",
        "answers",
        "right",
        "calibration error",
        "95 %",
        "Brier",
        "AUROC",
    ):
        table.add_column(heading, justify="left" if heading == "confidences" else "right")
    for name, result in results.items():
        low, high = result["ece_interval"]
        numbers = [result[key] for key in ("right", "ece", "brier", "auroc")]
        right, error, brier, ranks = (f"{number:.3f}" for number in numbers)
        interval = f"{low:.3f} to {high:.3f}"
        table.add_row(name, str(result["count"]), right, error, interval, brier, ranks)
    return table


def judged_case(case: Case, selection: SelectionConfig, old: Calibration | None) -> Case:
    """A case of an unjudged answer as the model would have judged it, by the method's own score.

    Args:
        case: of an unjudged answer.
        selection: of the model; its `min_confidence` counts.
        old: calibration of the model, which `min_confidence` is a chance by.
    """
    sure = (case.confidence or 0.0) >= least_score(selection, old)
    return case if case.found and sure else case.unanswered()
