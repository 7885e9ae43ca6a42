# SPDX-License-Identifier: Apache-2.0
"""The options of `llmseg evaluate` that say who answers."""

from __future__ import annotations

import argparse
from pathlib import Path

from llmseg_core.cli.device_argument import add_device
from llmseg_core.config import SelectionRule

from .choices import MISSING

__all__ = ["add_method_arguments"]


def add_method_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    model = parser.add_argument_group("a model")
    model.add_argument(
        "--model", dest="models", action="append", metavar="DIR",
        help="model directory of any method, or a profile of `llmseg get` (default: embedded); may "
        "be given several times, for one table of all",
    )  # fmt: skip
    add_device(model)
    model.add_argument("--dtype", default="float32", help="float32 (default), bfloat16, float16")
    model.add_argument("--proposals", type=Path, metavar="CACHE", help="stored proposals")
    model.add_argument(
        "--rule", choices=[rule.value for rule in SelectionRule], help="default: the model's"
    )
    model.add_argument(
        "--threshold", dest="iop_threshold", type=float, metavar="X", help="IoP, [0, 1]"
    )
    model.add_argument("--top-k", type=int, metavar="K", help="for iop_among_top")
    model.add_argument("--min-presence", type=float, metavar="X", help="[0, 1]; 0 answers always")
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
        "--missing", choices=MISSING, default="error",
        help="a question without a mask is an error (default), or answered by nothing",
    )  # fmt: skip
