# SPDX-License-Identifier: Apache-2.0
"""`llmseg locate`: how well things are placed in space, on rendered scenes with known depth."""

from __future__ import annotations

import argparse
from typing import Any

from llmseg_core.cli.command import Command
from llmseg_core.cli.file_argument import file_to_write
from llmseg_core.config.values import require

from .choices import PLACING_INPUTS

__all__ = ["LOCATE"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--inputs", nargs="+", choices=PLACING_INPUTS, default=PLACING_INPUTS, metavar="INPUT",
        help="exact: the true depth; stereo: with the noise and holes of a stereo depth camera "
        "(RealSense); -loose: masks 3 pixels too large and without holes, not the true ones "
        "(default: all)",
    )  # fmt: skip
    parser.add_argument("--scenes", type=int, default=40, metavar="N", help="(default: 40)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first scene")
    parser.add_argument("--json", type=file_to_write, metavar="FILE", help="write the scores here")


def _run(options: argparse.Namespace) -> int:
    import json

    import cv2
    from rich.console import Console
    from tqdm import tqdm

    from llmseg_core.runtime.whole_file import write_whole

    from ..evaluate.places import place_objects, places_table, score_places
    from ..scenes.depth_camera import StereoCamera

    require(options.scenes >= 1, "--scenes", options.scenes, "at least 1")
    require(options.seed >= 0, "--seed", options.seed, "at least 0")
    cv2.setNumThreads(1)
    seeds = range(options.seed, options.seed + options.scenes)
    scores: dict[str, Any] = {}
    for name in options.inputs:
        depth, _, mask = name.partition("-")
        sensor = StereoCamera() if depth == "stereo" else None
        shown = tqdm(seeds, desc=name, unit="scene")
        scores[name] = score_places(list(place_objects(shown, sensor, mask == "loose")))
    Console().print(places_table(scores, f"{len(seeds)} scenes, seed {options.seed}"))
    if options.json is not None:
        measured = {name: getattr(options, name) for name in ("scenes", "seed")}
        write_whole(options.json, json.dumps({**measured, "scores": scores}, indent=2) + "\n")
        print(f"wrote {options.json}")
    return 0


LOCATE = Command(
    "Measure how well things are placed in space, on rendered scenes with known depth.",
    _add_arguments,
    _run,
    needs=("embreex", "scipy"),
)
