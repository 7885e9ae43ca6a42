# SPDX-License-Identifier: Apache-2.0
"""`llmseg calibrate`: makes a model's confidences chances, by questions that it has not seen."""

from __future__ import annotations

import argparse
from pathlib import Path

from llmseg_core.cli.command import Command
from llmseg_core.cli.device_argument import add_device
from llmseg_core.cli.file_argument import file_to_write
from llmseg_core.config import SelectionRule

from .common_arguments import add_broken, add_questions, add_samples

__all__ = ["CALIBRATE"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", required=True, metavar="DIR", help="model directory, of any method"
    )
    parser.add_argument(
        "--data", required=True, metavar="SPEC",
        help="KIND:PATH:SPLIT, or folder: questions that the model was not trained on",
    )  # fmt: skip
    add_samples(parser, "only the first N images")
    add_questions(parser)
    add_broken(parser, "what happens when a sample cannot be read")
    add_device(parser)
    parser.add_argument("--dtype", default="float32", help="float32 (default), bfloat16, float16")
    parser.add_argument(
        "--out", type=Path, metavar="DIR",
        help="answers so far, reliability.png and calibration.json (default: "
        "build/calibrate/DATA/NAME)",
    )  # fmt: skip
    parser.add_argument(
        "--json", type=file_to_write, metavar="FILE", help="default: OUT/calibration.json"
    )
    parser.add_argument(
        "--seed", type=int, default=0,
        help="of the bootstrap, and of the questions about scenes:PATH:SPLIT (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--rule", choices=[SelectionRule.EXPECTED_IOU.value],
        help="fit this selection rule of LLM-Seg first, on the same questions, and take it",
    )  # fmt: skip
    parser.add_argument(
        "--presence", action="store_true",
        help="fit first how LLM-Seg tells whether anything fits, on the same questions (some of "
        "which nothing fits), and below which chance nothing does",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="leave the model as it is")


def _run(options: argparse.Namespace) -> int:
    from ..honesty.calibrate import calibrate_as_asked

    calibrate_as_asked(options)
    return 0


CALIBRATE = Command(
    "Make a model's confidences chances: how often such an answer is right.",
    _add_arguments,
    _run,
    needs=("accelerate", "embreex", "matplotlib", "pycocotools", "scipy"),
)
