# SPDX-License-Identifier: Apache-2.0
"""`llmseg familiarity`: which images a model knows, and whether it notices others."""

from __future__ import annotations

import argparse

from llmseg_core.cli.command import Command
from llmseg_core.cli.device_argument import add_device
from llmseg_core.cli.file_argument import file_to_write

__all__ = ["FAMILIARITY"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=("fit", "measure"),
        help="fit: let the model know --images, besides what it knows; measure: tell how many of "
        "--own, images that it was not fitted on, are refused, also with noise, blur, other light "
        "and sizes, and how many of --others are noticed",
    )  # fmt: skip
    parser.add_argument("--model", default="embedded", metavar="DIR", help="model directory")
    parser.add_argument(
        "--images", nargs="+", default=[], metavar="PATH", help="fit: image files or folders"
    )
    parser.add_argument("--name", help="fit: what they are (default: their paths)")
    parser.add_argument(
        "--alone", action="store_true", help="fit: forget whatever the model knew before"
    )
    parser.add_argument("--own", metavar="PATH", help="measure: folder of images like the model's")
    parser.add_argument(
        "--others", nargs="+", default=[], metavar="PATH", help="measure: a folder for each world"
    )
    parser.add_argument("--count", type=int, metavar="N", help="only the first N of each")
    parser.add_argument("--seed", type=int, default=0, help="of degraded copies and the interval")
    parser.add_argument(
        "--json", type=file_to_write, metavar="FILE", help="measure: write the figures here"
    )
    add_device(parser)


def _run(options: argparse.Namespace) -> int:
    from ..honesty.familiarity import fit_as_asked, measure_as_asked

    if options.action == "fit":
        if not options.images:
            raise ValueError("fit needs --images, the files or folders that the model shall know")
        fit_as_asked(options)
        return 0
    if options.own is None or not options.others:
        raise ValueError("measure needs --own and --others, folders of images")
    measure_as_asked(options)
    return 0


FAMILIARITY = Command(
    "Let a model know images, or measure whether it notices others.",
    _add_arguments,
    _run,
    needs=("accelerate", "embreex", "pycocotools", "scipy"),
)
