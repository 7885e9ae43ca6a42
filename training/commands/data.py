# SPDX-License-Identifier: Apache-2.0
"""`llmseg data`: looks at data sets, exports them, takes frames from recordings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from llmseg_core.cli.command import Command

from .common_arguments import add_broken, add_samples, checked_samples

if TYPE_CHECKING:
    from ..data import ImageData

__all__ = ["DATA"]

_SPEC = """a data set: the path of a folder in our own format, or KIND:PATH:SPLIT such as
reason_seg:/data/lisa:val"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=("check", "export", "frames"),
        help="check SPEC: read everything, count, list what is broken (exit code 1 if something "
        "is); export SPEC DIR: write it in our own folder format; frames RECORDING DIR: write "
        "images of a ROS 2 recording to annotate",
    )  # fmt: skip
    parser.add_argument("source", metavar="SPEC|RECORDING", help=_SPEC)
    parser.add_argument("out", nargs="?", type=Path, metavar="DIR", help="where to write")
    add_broken(parser, "export: what a broken sample is")
    add_samples(parser, "check, export: only the first N images")
    parser.add_argument(
        "--model", metavar="DIR",
        help="check, export: also whether the VLM of this model directory has room for the "
        "questions",
    )  # fmt: skip
    parser.add_argument("--topic", help="frames: the image topic, if there are several")
    parser.add_argument(
        "--every", type=float, default=1.0, metavar="S",
        help="frames: least seconds between two frames (default: 1)",
    )  # fmt: skip


def _run(options: argparse.Namespace) -> int:
    if options.action == "check":
        if options.out is not None:
            raise ValueError(f"check takes one data set, {str(options.out)!r} is too much")
        return _check(options)
    if options.out is None:
        raise ValueError(f"{options.action} needs a second argument, the folder to write")
    if options.action == "export":
        return _export(options)
    return _frames(options)


def _opened(options: argparse.Namespace) -> ImageData:
    from ..data import open_data

    data = open_data(options.source)
    if options.model is not None:
        from llmseg_core.model_dir.checkpoint import load_prompt_tokens

        from ..learning.askable import Askable

        data.require(Askable(load_prompt_tokens(options.model)))
    return data


def _check(options: argparse.Namespace) -> int:
    from ..data.summary import summarize

    summary = summarize(_opened(options), checked_samples(options))
    print(summary.text())
    return 1 if summary.broken else 0


def _export(options: argparse.Namespace) -> int:
    from ..data import BrokenPolicy, broken_report, write_folder

    data, count = _opened(options), checked_samples(options)
    count = len(data) if count is None else min(count, len(data))
    samples = write_folder(data, options.out, BrokenPolicy(options.broken), count)
    print(broken_report(data, samples.broken, count))
    print(f"{options.out} has {count - len(samples.broken)} samples")
    return 1 if samples.broken else 0


def _frames(options: argparse.Namespace) -> int:
    from ..data.bag_frames import write_frames

    bad = write_frames(Path(options.source), options.out, options.topic, options.every)
    for sentence in bad:
        print(f"llmseg data: {sentence}", file=sys.stderr)
    images = options.out / "images"
    print(f"{images} has {len(list(images.glob('[!.]*')))} images")
    return 1 if bad else 0


DATA = Command(
    "Check, export or collect data sets.",
    _add_arguments,
    _run,
    needs=("embreex", "pycocotools", "scipy"),
)
