"""`llmseg benchmark`: the pipeline stage by stage; its proposals beside the reference."""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from .benchmark_inputs import INSTRUCTIONS, BenchmarkModel, benchmark_frames, embedded_model
from .benchmark_report import Timing, machine, peak_memory_mb, print_table, write_json
from .command import Command
from .config import RuntimeConfig
from .overlap import pairwise_iou
from .proposals import SamProposalGenerator
from .reference_proposals import reference_generator
from .types import Proposals

__all__ = ["BENCHMARK"]

FRAMES = 4
"""Images that a benchmark goes round."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", choices=sorted(_SUBJECTS), help="what to measure")
    parser.add_argument(
        "--profile", choices=["embedded"], default="embedded", help="sizes of the networks"
    )
    parser.add_argument("--device", default="cpu", help='"cpu" (default), "cuda", "cuda:1"')
    parser.add_argument("--dtype", default="float32", help="float32 (default), bfloat16, float16")
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads of PyTorch")
    parser.add_argument("--repeats", type=int, default=10, metavar="N", help="frames to measure")
    parser.add_argument(
        "--image-size", type=_size, default=(640, 480), metavar="WxH", help="default: 640x480"
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="instead of drawn images")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report here")


def _run(options: argparse.Namespace) -> int:
    for name in ("threads", "repeats"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"{name} is {value}, it must be at least 1")
    threads = torch.get_num_threads()
    torch.set_num_threads(options.threads or threads)
    try:
        frames = benchmark_frames(options.image_size, options.images, FRAMES)
        runtime = RuntimeConfig(device=options.device, dtype=options.dtype)
        model = embedded_model(runtime, frames[0])
        report = {
            "benchmark": options.subject,
            "profile": options.profile,
            "weights": model.weights,
            **machine(model.sam.device),
            "dtype": options.dtype,
            "image_size": list(options.image_size),
            "repeats": options.repeats,
            **_SUBJECTS[options.subject](model, frames, options.repeats),
            "peak_memory_mb": peak_memory_mb(model.sam.device),
        }
    finally:
        torch.set_num_threads(threads)
    if model.weights == "random":
        print("no packaged model: random weights of the same sizes, thresholds set to keep some")
    if options.json is not None:
        write_json(options.json, report)
    return 0


BENCHMARK = Command("Measure speed, stage by stage.", _add_arguments, _run)


def _measure_pipeline(
    model: BenchmarkModel, frames: list[np.ndarray], repeats: int
) -> dict[str, Any]:
    """New frames with an instruction each, then a new instruction on the frame that is known."""
    pipeline = model.pipeline
    stages: dict[str, list[float]] = defaultdict(list)
    new_frame, new_instruction, kept = [], [], []
    pipeline.segment(frames[-1], INSTRUCTIONS[-1])  # warms up
    for index in tqdm(range(repeats), unit="frame", disable=None):
        first, second = (INSTRUCTIONS[(index + i) % len(INSTRUCTIONS)] for i in (0, 1))
        start = time.perf_counter()
        frame = pipeline.encode_frame(frames[index % len(frames)])
        answer = pipeline.segment(frame, first)
        middle = time.perf_counter()
        pipeline.segment(frame, second)
        new_frame.append(1e3 * (middle - start))
        new_instruction.append(1e3 * (time.perf_counter() - middle))
        kept.append(len(frame.proposals))
        for name, value in answer.timings_ms.items():
            stages[name].append(value)
    timings = {name: Timing.of(values) for name, values in stages.items()}
    whole = {"new frame to mask": Timing.of(new_frame)}
    whole["new instruction"] = Timing.of(new_instruction)
    memory = peak_memory_mb(pipeline.device)
    summary = f"{int(np.median(kept))} proposals a frame; peak memory {memory:.0f} MB"
    print_table("Pipeline", {**timings, **whole}, summary)
    return {
        "new_frame_ms": whole["new frame to mask"].median,
        "new_instruction_ms": whole["new instruction"].median,
        "stages": {name: timing.record() for name, timing in timings.items()},
        "new_frame": whole["new frame to mask"].record(),
        "new_instruction": whole["new instruction"].record(),
        "proposals": int(np.median(kept)),
    }


def _measure_proposals(
    model: BenchmarkModel, frames: list[np.ndarray], repeats: int
) -> dict[str, Any]:
    """Ours and the reference by turns on the same frames, weights and settings."""
    ours = SamProposalGenerator(model.sam, model.proposals).propose
    name, reference = reference_generator(model.sam, model.proposals)
    times: dict[str, list[float]] = {"ours": [], name: []}
    equal, overlap, kept = True, 1.0, []
    ours(frames[-1]), reference(frames[-1])  # warms up
    for index in tqdm(range(repeats), unit="frame", disable=None):
        frame = frames[index % len(frames)]
        mine, duration = _timed(ours, frame)
        theirs, reference_duration = _timed(reference, frame)
        times["ours"].append(duration)
        times[name].append(reference_duration)
        kept.append(len(mine))
        frame_overlap = _matched_iou(mine, theirs)
        equal = equal and len(mine) == len(theirs) and frame_overlap >= 0.999
        overlap = min(overlap, frame_overlap)
    timings = {name: Timing.of(values) for name, values in times.items()}
    speedup = round(timings[name].median / timings["ours"].median, 2)
    same = "the same masks" if equal else "NOT the same masks"
    summary = f"{speedup} times as fast, {same} (lowest matched IoU {overlap:.4f})"
    print_table("Proposals", timings, summary)
    return {
        "reference": name,
        "speedup_exact": speedup,
        "masks_equal": equal,
        "min_matched_iou": overlap,
        "ours_ms": timings["ours"].median,
        "reference_ms": timings[name].median,
        "ours": timings["ours"].record(),
        "reference_timing": timings[name].record(),
        "proposals": int(np.median(kept)),
    }


_SUBJECTS: dict[str, Callable[[BenchmarkModel, list[np.ndarray], int], dict[str, Any]]] = {
    "pipeline": _measure_pipeline,
    "proposals": _measure_proposals,
}


def _timed(
    generate: Callable[[np.ndarray], Proposals], frame: np.ndarray
) -> tuple[Proposals, float]:
    """The proposals on the CPU, and the milliseconds that it took to get them there."""
    start = time.perf_counter()
    proposals = generate(frame).to("cpu")
    return proposals, 1e3 * (time.perf_counter() - start)


def _matched_iou(ours: Proposals, reference: Proposals) -> float:
    """Lowest IoU of a reference mask with ours of the same rank; 1 if there is none.

    Where their number differs, each is matched with the best of ours.
    """
    if not len(reference):
        return 1.0 if not len(ours) else 0.0
    if not len(ours):
        return 0.0
    overlaps = pairwise_iou(reference.masks, ours.masks)
    if len(ours) != len(reference):
        return float(overlaps.amax(1).min())
    both_empty = ~ours.masks.flatten(1).any(1) & ~reference.masks.flatten(1).any(1)
    return float(torch.where(both_empty, 1.0, overlaps.diagonal()).min())


def _size(text: str) -> tuple[int, int]:
    """Width and height from a text such as 640x480."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is no size, it must be such as 640x480")
    return int(width), int(height)
