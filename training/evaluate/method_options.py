# SPDX-License-Identifier: Apache-2.0
"""The options of `llmseg evaluate` that say who answers."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from llmseg_core.config import RuntimeConfig, SelectionConfig, SelectionRule
from llmseg_core.methods.llm_seg import LLMSegPipeline

from ..proposals.cache import CachedProposals
from ..two_stage import load_two_stage
from .answers import AnswerSource
from .asking import PHRASE, RELEASED_PHRASE_QUESTION, phrase_question
from .json_lines import JsonLines
from .model_answers import PipelineAnswers, SegmenterAnswers
from .model_digest import model_digest, weights_digest
from .prediction_files import Missing, PredictionAnswers, open_predictions

__all__ = ["Method", "add_method_arguments", "method_name", "open_method"]

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


def add_method_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    model = parser.add_argument_group("a model")
    model.add_argument(
        "--model", default="embedded", metavar="DIR", help="model directory (default: embedded)"
    )
    model.add_argument("--device", default="cpu", help='"cpu" (default), "cuda", "cuda:1"')
    model.add_argument("--dtype", default="float32", help="float32 (default), bfloat16, float16")
    model.add_argument("--proposals", type=Path, metavar="CACHE", help="stored proposals")
    model.add_argument(
        "--rule", choices=[rule.value for rule in SelectionRule], help="default: the model's"
    )
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
    baseline = parser.add_argument_group("the paper's two-stage baseline")
    baseline.add_argument(
        "--method", choices=("llm-seg", "two-stage"), default="llm-seg",
        help="two-stage: a VLM answers in a word or phrase, GroundingDINO finds it, SAM draws it",
    )  # fmt: skip
    for name, what in (
        ("vlm", "LLaVA v1.5 with its processor"),
        ("detector", "GroundingDINO with its processor"),
        ("sam", "SAM, or its original .pth file"),
    ):
        baseline.add_argument(f"--{name}", type=Path, metavar="DIR", help=f"folder of {what}")
    baseline.add_argument(
        "--box-threshold", type=float, default=0.3, metavar="X",
        help="least score of a detection, [0, 1] (default: 0.3)",
    )  # fmt: skip
    others = parser.add_argument_group("any other system, instead of a model")
    others.add_argument(
        "--predictions", type=Path, metavar="PATH",
        help="its masks: a folder with SAMPLE_QUESTION.png (not zero inside; questions count from "
        '0), or a file of lines {"sample": ..., "question": 0, "mask": COCO RLE}',
    )  # fmt: skip
    others.add_argument(
        "--missing", choices=[each.value for each in Missing], default=Missing.ERROR.value,
        help="a question without a mask is an error (default), or answered by nothing",
    )  # fmt: skip


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
