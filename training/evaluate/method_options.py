# SPDX-License-Identifier: Apache-2.0
"""Who answers, as the options of `llmseg evaluate` say."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from llmseg_core.config import RuntimeConfig, SelectionConfig
from llmseg_core.methods.llm_seg import LLMSegPipeline

from ..proposals.cache import CachedProposals
from ..two_stage import load_two_stage
from .answers import AnswerSource
from .asking import PHRASE, RELEASED_PHRASE_QUESTION, phrase_question
from .json_lines import JsonLines
from .model_answers import PipelineAnswers, SegmenterAnswers
from .model_digest import model_digest, weights_digest
from .prediction_files import Missing, PredictionAnswers, open_predictions

__all__ = ["Method", "method_name", "open_method"]

RULE_OPTIONS = ("rule", "iop_threshold", "top_k", "min_confidence")


@dataclass(frozen=True)
class Method:
    """Who answers.

    Attributes:
        source: gives the answers.
        selection: the rule that selects among proposals; None for methods without proposals.
    """

    source: AnswerSource
    selection: SelectionConfig | None


def method_name(options: argparse.Namespace) -> str:
    """What the method is called if nobody says."""
    if options.predictions is not None:
        return options.predictions.resolve().stem
    return "two-stage" if options.method == "two-stage" else Path(options.model).resolve().name


def open_method(options: argparse.Namespace, data: str, out: Path) -> Method:
    """Open what the options name.

    Args:
        options: of the command line.
        data: name of the data set.
        out: folder for answers.

    Raises:
        ValueError, OSError: if it cannot be opened.
    """
    if options.phrase_question is not None:
        PHRASE.check("--phrase-question", options.phrase_question)
    if options.predictions is None and options.method == "llm-seg":
        return _model(options, data, out)
    for name in (*RULE_OPTIONS, "proposals"):
        if getattr(options, name) is not None:
            raise ValueError("only a model's proposals are selected, and here is no model")
    if options.predictions is None:
        return _two_stage(options, data, out)
    source = PredictionAnswers(
        options.predictions,
        open_predictions(options.predictions),
        Missing(options.missing),
        extra_is_wrong=options.samples is None,
    )
    return Method(source, None)


def _model(options: argparse.Namespace, data: str, out: Path) -> Method:
    runtime = RuntimeConfig(device=options.device, dtype=options.dtype)
    pipeline = LLMSegPipeline.from_pretrained(options.model, runtime)
    about = {"model": model_digest(options.model), "data": data, "dtype": options.dtype}
    if options.proposals is not None:
        pipeline = _with_stored_proposals(pipeline, options.proposals)
        about["proposals"] = str(options.proposals)
    given = {name: getattr(options, name) for name in RULE_OPTIONS}
    given = {name: value for name, value in given.items() if value is not None}
    selection = replace(pipeline.config.selection, **given)
    wording = options.phrase_question or phrase_question(pipeline.config.seg_token)
    file = JsonLines(out / "scores.jsonl", about)
    return Method(PipelineAnswers(pipeline, file, selection, wording), selection)


def _two_stage(options: argparse.Namespace, data: str, out: Path) -> Method:
    folders = {name: getattr(options, name) for name in ("vlm", "detector", "sam")}
    missing = [f"--{name}" for name, folder in folders.items() if folder is None]
    if missing:
        raise ValueError(f"--method two-stage needs {', '.join(missing)} as well")
    runtime = RuntimeConfig(device=options.device, dtype=options.dtype)
    baseline = load_two_stage(**folders, runtime=runtime, box_threshold=options.box_threshold)
    about = {name: weights_digest(folder) for name, folder in folders.items()}
    about.update(data=data, dtype=options.dtype, box_threshold=str(options.box_threshold))
    wording = options.phrase_question or RELEASED_PHRASE_QUESTION
    return Method(SegmenterAnswers(baseline, JsonLines(out / "masks.jsonl", about), wording), None)


def _with_stored_proposals(pipeline: LLMSegPipeline, folder: Path) -> LLMSegPipeline:
    return LLMSegPipeline(
        CachedProposals(folder, pipeline.config.proposals),
        pipeline.mask_embedder,
        pipeline.seg_token_encoder,
        pipeline.selector,
        pipeline.config,
    )
