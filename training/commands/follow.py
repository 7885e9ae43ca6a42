# SPDX-License-Identifier: Apache-2.0
"""`llmseg follow`: how well masks are followed at camera rate, on rendered sequences."""

from __future__ import annotations

import argparse
from typing import Any

from llmseg_core.cli.command import Command
from llmseg_core.cli.device_argument import add_device, chosen_device
from llmseg_core.cli.file_argument import file_to_write
from llmseg_core.config import RuntimeConfig
from llmseg_core.config.values import require

from .choices import FOLLOWING_EVENTS

__all__ = ["FOLLOW"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--events", nargs="+", choices=FOLLOWING_EVENTS, default=FOLLOWING_EVENTS, metavar="EVENT",
        help="none: the camera moves; pass: a hand passes before an object; carry, take: a hand "
        "carries it about, or out of the picture (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--sequences", type=int, default=10, metavar="N", help="of each event (default: 10)"
    )
    parser.add_argument("--frames", type=int, default=31, metavar="N", help="of each (default: 31)")
    parser.add_argument(
        "--speed", type=float, default=1.8, metavar="PX",
        help="pixels a frame that objects move by the camera's motion (default: 1.8)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first sequence")
    parser.add_argument(
        "--video", metavar="DIR",
        help="follow by the memory of SAM 2 in this folder, or in the sam/ of a model directory "
        "(default: by optical flow)",
    )  # fmt: skip
    add_device(parser)
    parser.add_argument("--json", type=file_to_write, metavar="FILE", help="write the scores here")


def _run(options: argparse.Namespace) -> int:
    import json

    import cv2
    from rich.console import Console
    from tqdm import tqdm

    from llmseg_core.following.tracker import Tracker
    from llmseg_core.following.video import VideoTracker
    from llmseg_core.model_dir.video_network import load_video_network
    from llmseg_core.runtime.whole_file import write_whole

    from ..evaluate.following import follow_sequence, following_table, score_following
    from ..scenes.sequence import Event, SequenceConfig, render_sequence

    require(options.sequences >= 1, "--sequences", options.sequences, "at least 1")
    require(options.seed >= 0, "--seed", options.seed, "at least 0")
    cv2.setNumThreads(1)
    if options.video is None and options.device is not None:
        raise ValueError(f"--device is {options.device!r}, and optical flow runs on the CPU")
    tracker: Tracker[Any] | None = None
    if options.video is not None:
        runtime = RuntimeConfig(device=chosen_device(options))
        tracker = VideoTracker(load_video_network(options.video, runtime))
    seeds = range(options.seed, options.seed + options.sequences)
    scores: dict[str, Any] = {}
    for name in options.events:
        config = SequenceConfig(options.frames, options.speed, event=Event(name))
        courses = [
            course
            for seed in tqdm(seeds, desc=name, unit="sequence")
            for course in follow_sequence(render_sequence(seed, config), tracker)
        ]
        scores[name] = score_following(courses)
    title = f"{len(seeds)} sequences each, {options.speed:g} px a frame, seed {options.seed}"
    Console().print(following_table(scores, title))
    if options.json is not None:
        measured = {
            name: getattr(options, name) for name in ("sequences", "frames", "speed", "seed")
        }
        write_whole(options.json, json.dumps({**measured, "scores": scores}, indent=2) + "\n")
        print(f"wrote {options.json}")
    return 0


FOLLOW = Command(
    "Measure how well masks are followed at camera rate, on rendered sequences.",
    _add_arguments,
    _run,
    needs=("embreex", "scipy"),
)
