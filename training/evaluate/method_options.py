# SPDX-License-Identifier: Apache-2.0
"""Who answers, as the options of `llmseg evaluate` say."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

from llmseg_core.config import (
    LisaConfig,
    LLMSegConfig,
    RuntimeConfig,
    SelectionConfig,
    TwoStageConfig,
    VlmConfig,
)
from llmseg_core.config.yaml_file import read_mapping
from llmseg_core.methods.method import Method, inspect_method, load_method
from llmseg_core.methods.two_stage import TwoStage
from llmseg_core.model_dir.checkpoint import load_config
from llmseg_core.model_dir.directory import CONFIG_FILE, method_name, model_directory
from llmseg_core.model_dir.lisa_files import load_lisa_config
from llmseg_core.model_dir.weights_digest import model_digest, weights_digest
from llmseg_core.prompted.everything_mode import EverythingMode
from llmseg_core.proposals.generator import ProposalGenerator, SamProposalGenerator

from ..data import ImageData
from ..proposals.cache import CachedProposals, HasProposals
from ..proposals.made_with import sam_of
from .answers import AnswerSource, Segmenter
from .asking import PHRASE, RELEASED_PHRASE_QUESTION, wording_for
from .late_method import LateMethod
from .model_answers import PipelineAnswers, SegmenterAnswers
from .prediction_files import Missing, PredictionAnswers, open_predictions
from .records import Records

__all__ = ["Answerer", "Keep", "answerer_name", "forget_answers", "open_answerer"]

Keep = Callable[[str, Mapping[str, str]], Records]
"""makes what keeps answers, of a file's name and of what the answers belong to"""

SCORES_FILE, MASKS_FILE = "scores.jsonl", "masks.jsonl"
"""answers so far, of methods with rules and of others"""
MOST_TOKENS = 32
"""of the answer of the two-stage baseline's VLM, which is to be a word or phrase"""
RULE_OPTIONS = ("rule", "iop_threshold", "top_k", "min_presence", "min_confidence")


@dataclass(frozen=True)
class Answerer:
    """Who answers.

    Attributes:
        source: gives the answers.
        selection: the rule that selects among proposals; None for methods without rules.
        records: keep the answers; None where they are read from others' files. Several processes
            can share the work only where there are some.
        is_calibrated: whether its confidences are chances.
    """

    source: AnswerSource
    selection: SelectionConfig | None
    records: Records | None = None
    is_calibrated: bool = False


def answerer_name(options: argparse.Namespace) -> str:
    """What the method is called if nobody says."""
    if options.predictions is not None:
        return options.predictions.resolve().stem
    return "two-stage" if options.method == "two-stage" else Path(options.model).resolve().name


def forget_answers(out: Path) -> None:
    """Remove the answers so far."""
    for stored in (out / SCORES_FILE, out / MASKS_FILE):
        stored.unlink(missing_ok=True)


def open_answerer(
    options: argparse.Namespace, data: ImageData, device: str | None, keep: Keep
) -> Answerer:
    """Open what the options name.

    Args:
        options: of the command line.
        data: what is asked about; from now on its samples must have the stored proposals that are
            named.
        device: where the model goes; None if others answer, and only what they said is read here.
        keep: makes what keeps the answers.

    Raises:
        ValueError, OSError: if it cannot be opened.
    """
    if options.phrase_question is not None:
        PHRASE.check("--phrase-question", options.phrase_question)
    if options.predictions is None and options.method == "llm-seg":
        return _model(options, data, device, keep)
    _refuse_rules(options, "here is no model")
    if options.predictions is None:
        return _two_stage(options, data.name, device, keep)
    source = PredictionAnswers(
        options.predictions,
        open_predictions(options.predictions),
        Missing(options.missing),
        extra_is_wrong=options.samples is None,
    )
    return Answerer(source, None)


def _model(
    options: argparse.Namespace, data: ImageData, device: str | None, keep: Keep
) -> Answerer:
    name = method_name(options.model)
    inspect_method(options.model)
    runtime = RuntimeConfig(device=device or "cpu", dtype=options.dtype)
    load = partial(load_method, options.model, runtime)
    about = {"model": model_digest(options.model), "data": data.name, "dtype": options.dtype}
    if name != LLMSegConfig.method:
        _refuse_rules(options, f"{options.model} is a model of the method {name}")
        path = model_directory(options.model)
        other = load_lisa_config(path) if name == LisaConfig.method else None
        wording = options.phrase_question or wording_for(other)
        masks = _masks(LateMethod(load), keep(MASKS_FILE, about), wording)
        return replace(masks, is_calibrated=_is_calibrated(options.model))
    config = load_config(model_directory(options.model))
    method: Method | LateMethod = LateMethod(load, config.selection, config.calibration)
    if options.proposals is not None:
        dtype = None
        if device is not None:
            method = load()
            assert isinstance(method, _Proposing)
            dtype = _dtype(method.generator)
        sam = sam_of(options.model, dtype)
        stored = CachedProposals(options.proposals, config.proposals, sam)
        if isinstance(method, _Proposing):
            method.generator = stored
        data.require(HasProposals(stored))
        about["proposals"] = str(options.proposals)
    given = {name: getattr(options, name) for name in RULE_OPTIONS}
    given = {name: value for name, value in given.items() if value is not None}
    selection = replace(config.selection, **given)
    wording = options.phrase_question or wording_for(config)
    records = keep(SCORES_FILE, about)
    source = PipelineAnswers(method, records, selection, wording)
    return Answerer(source, selection, records, config.calibration is not None)


def _is_calibrated(model: str) -> bool:
    """Whether a model directory of any method says what its scores are worth."""
    return read_mapping(model_directory(model) / CONFIG_FILE).get("calibration") is not None


def _two_stage(options: argparse.Namespace, data: str, device: str | None, keep: Keep) -> Answerer:
    folders = {name: getattr(options, name) for name in ("vlm", "detector", "sam")}
    missing = [f"--{name}" for name, folder in folders.items() if folder is None]
    if missing:
        raise ValueError(f"--method two-stage needs {', '.join(missing)} as well")
    for folder in folders.values():
        if not folder.exists():
            raise FileNotFoundError(f"{folder} does not exist")
    config = TwoStageConfig(
        vlm=VlmConfig(path=str(folders["vlm"]), max_tokens=MOST_TOKENS),
        locator=str(folders["detector"]),
        sam=str(folders["sam"]),
        score_threshold=options.box_threshold,
        best_of_three=False,
    )
    runtime = RuntimeConfig(device=device or "cpu", dtype=options.dtype)
    baseline = LateMethod(partial(TwoStage.from_config, config, Path(), runtime))
    about = {name: weights_digest(folder) for name, folder in folders.items()}
    about.update(data=data, dtype=options.dtype, box_threshold=str(options.box_threshold))
    wording = options.phrase_question or RELEASED_PHRASE_QUESTION
    return _masks(baseline, keep(MASKS_FILE, about), wording)


def _masks(method: Segmenter, records: Records, wording: str) -> Answerer:
    return Answerer(SegmenterAnswers(method, records, wording), None, records)


def _dtype(live: ProposalGenerator) -> object:
    """Number format that proposals are made in; None where any is as good."""
    return live.model.dtype if isinstance(live, SamProposalGenerator | EverythingMode) else None


def _refuse_rules(options: argparse.Namespace, why: str) -> None:
    """Refuse what only a model of LLM-Seg can do."""
    for name in (*RULE_OPTIONS, "proposals"):
        if getattr(options, name) is not None:
            raise ValueError(f"only LLM-Seg's proposals are selected by a rule, and {why}")


@runtime_checkable
class _Proposing(Protocol):
    """A method whose proposals may come from elsewhere."""

    generator: ProposalGenerator
