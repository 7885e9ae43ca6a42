# SPDX-License-Identifier: Apache-2.0
"""`llmseg segment`: instructions about image files, without ROS."""

from __future__ import annotations

import argparse
from pathlib import Path

from llmseg_core.config import SelectionRule

from .command import Command
from .device_argument import add_device

__all__ = ["SEGMENT"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image file, or folder of them")
    parser.add_argument("instruction", metavar="INSTRUCTION", help="what to segment, in words")
    parser.add_argument(
        "--instruction", dest="more", action="append", default=[], metavar="TEXT",
        help="one more instruction about every image; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--model",
        default="embedded",
        metavar="DIR",
        help="model directory, or a profile of `llmseg get` (default: embedded)",
    )
    add_device(parser)
    parser.add_argument("--dtype", default="float32", help="float32 (default), bfloat16, float16")
    parser.add_argument(
        "--rule", choices=[rule.value for rule in SelectionRule], help="selection rule"
    )
    parser.add_argument("--iop-threshold", type=float, metavar="X", help="IoP, [0, 1]")
    parser.add_argument("--top-k", type=int, metavar="K", help="for iop_among_top")
    parser.add_argument("--min-presence", type=float, metavar="X", help="[0, 1]; 0 answers always")
    parser.add_argument("--min-confidence", type=float, metavar="X", help="[0, 1]")
    parser.add_argument(
        "--accept-unfamiliar", action="store_true", default=None,
        help="answer about images too that are unlike all that the model was trained on",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="PATH", help="overlay: image file, or folder for several"
    )
    parser.add_argument(
        "--masks", type=Path, metavar="PATH", help="mask, 0 or 255: PNG file, or folder"
    )
    parser.add_argument("--json", action="store_true", help="print JSON with all scores")


def _run(options: argparse.Namespace) -> int:
    from .segment_images import segment_images

    return segment_images(options)


SEGMENT = Command("Segment what instructions mean in images.", _add_arguments, _run)
