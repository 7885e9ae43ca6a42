"""Everything mode beside the reference: time, the same masks or not, nearly exact modes."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import mean
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from .benchmark_models import BenchmarkModel
from .benchmark_report import (
    StageRow,
    Timing,
    peak_memory_mb,
    print_table,
    reset_peak_memory,
    timed,
)
from .compute_rate import ComputeRate
from .flops import sam_encoder_flops, sam_points_flops
from .overlap import pairwise_iou
from .proposal_agreement import Agreement, agreement
from .proposals import SamProposalGenerator
from .reference_proposals import reference_generator
from .types import Proposals

__all__ = ["MODES", "matched_iou", "measure_proposals"]


@dataclass(frozen=True)
class _Change:
    """What a mode changes: SAM's number format, its settings, whether it is compiled."""

    dtype: torch.dtype | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    compiled: bool = False


MODES = {
    "exact": _Change(),
    "bf16": _Change(dtype=torch.bfloat16),
    "fp16": _Change(dtype=torch.float16),
    "low-stability": _Change(settings={"low_resolution_stability": True}),
    "coarse": _Change(settings={"coarse_step": 2}),
    "compile": _Change(compiled=True),
}
"""Ways to run everything mode; all but the first are nearly exact, and "+" joins them."""


@dataclass
class _Samples:
    """What was measured of one generator."""

    whole: list[float] = field(default_factory=list)
    encoder: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    memory: float = 0.0

    def timings(self) -> tuple[Timing, Timing, Timing]:
        """The image encoder, all that follows, and both."""
        rest = [whole - encoder for whole, encoder in zip(self.whole, self.encoder, strict=True)]
        return Timing.of(self.encoder), Timing.of(rest), Timing.of(self.whole)


def measure_proposals(
    model: BenchmarkModel,
    frames: Sequence[np.ndarray],
    repeats: int,
    rate: ComputeRate,
    modes: Sequence[str] = ("exact",),
) -> tuple[dict[str, Any], list[StageRow]]:
    """Ours and the reference by turns on the same frames, weights and settings.

    Args:
        model: its SAM and its settings.
        frames: images to go round.
        repeats: frames to measure.
        rate: for the lower bounds.
        modes: names of `MODES`, joined by "+", the first "exact".

    Returns:
        The report for JSON, and the stages.
    """
    sam, config = model.parts.sam, model.proposals
    reference = reference_generator(sam, config)
    generators = {mode: _generator(model, mode) for mode in modes}
    samples = {name: _Samples() for name in (*modes, "reference")}
    agreements: dict[str, list[Agreement]] = {mode: [] for mode in modes[1:]}
    equal, overlap, drawn = True, 1.0, []
    for generator in generators.values():
        generator.propose(frames[-1])  # warms up
    reference.propose(frames[-1])
    for index in tqdm(range(repeats), unit="frame", disable=None):
        frame = frames[index % len(frames)]
        # only the exact mode and the reference are taken apart: hooks would disturb a compiler
        found = {
            mode: _sample(
                generator.propose,
                sam.vision_encoder if mode == "exact" else None,
                frame,
                samples[mode],
                sam.device,
            )
            for mode, generator in generators.items()
        }
        theirs = _sample(
            reference.propose, reference.image_encoder, frame, samples["reference"], sam.device
        )
        exact = found["exact"]
        drawn.append(len(exact.points.unique(dim=0)))
        frame_overlap = matched_iou(exact, theirs)
        equal = equal and len(exact) == len(theirs) and frame_overlap >= 0.999
        overlap = min(overlap, frame_overlap)
        for mode, compared in agreements.items():
            compared.append(agreement(exact, found[mode]))

    points = config.points_per_side**2
    bounds = [
        rate.milliseconds(sam_encoder_flops(sam.config.vision_config)),
        rate.milliseconds(sam_points_flops(sam.config, points, min(drawn))),
    ]
    bounds.append(sum(bounds))
    names = ("image encoder", "masks of all points", "proposals")
    ours, references = samples["exact"].timings(), samples["reference"].timings()
    rows = [StageRow(*row) for row in zip(names, ours, references, bounds, strict=True)]
    near = {
        mode: _near_record(samples[mode], references[2], agreements[mode]) for mode in modes[1:]
    }
    speedup = rows[-1].ratio
    memory = {name: round(taken.memory, 1) for name, taken in samples.items()}
    same = "the same masks" if equal else "NOT the same masks"
    print_table(
        f"Proposals: ours beside {reference.name}",
        [*rows, *(StageRow(mode, samples[mode].timings()[2], references[2]) for mode in near)],
        [
            f"{speedup} times as fast, {same} (lowest matched IoU {overlap:.4f})",
            *(_near_line(mode, record) for mode, record in near.items()),
            f"peak memory: ours {memory['exact']:.0f} MB, reference {memory['reference']:.0f} MB",
            f"bound: {rate.source}",
        ],
    )
    report = {
        "reference": reference.name,
        "speedup_exact": speedup,
        "masks_equal": equal,
        "min_matched_iou": overlap,
        "ours_ms": ours[2].median,
        "reference_ms": references[2].median,
        "ours": ours[2].record(),
        "reference_timing": references[2].record(),
        "stages": {row.name: row.record() for row in rows},
        "modes": near,
        "proposals": int(np.median(samples["exact"].counts)),
        "reference_peak_memory_mb": memory["reference"],
        "peak_memory_mb": memory["exact"],
    }
    return report, rows


def matched_iou(ours: Proposals, reference: Proposals) -> float:
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


def _generator(model: BenchmarkModel, mode: str) -> SamProposalGenerator:
    changes = [MODES[name] for name in mode.split("+")]
    sam, config = model.parts.sam, model.proposals
    for change in changes:
        if change.dtype is not None:
            sam = copy.deepcopy(sam).to(change.dtype)
        config = replace(config, **change.settings)
    return SamProposalGenerator(sam, config, compiled=any(change.compiled for change in changes))


def _sample(
    propose: Callable[[np.ndarray], Proposals],
    image_encoder: nn.Module | None,
    frame: np.ndarray,
    samples: _Samples,
    device: torch.device,
) -> Proposals:
    """Measure one frame; the proposals come back on the CPU, which is part of the time."""
    reset_peak_memory(device)
    with _clocked(image_encoder, device) as encoder:
        proposals, duration = timed(device, lambda: propose(frame).to("cpu"))
    samples.whole.append(duration)
    samples.encoder.append(sum(encoder))
    samples.counts.append(len(proposals))
    samples.memory = max(samples.memory, peak_memory_mb(device))
    return proposals


@contextmanager
def _clocked(module: nn.Module | None, device: torch.device) -> Iterator[list[float]]:
    """Collects the milliseconds of each forward pass of a module within the block."""
    durations: list[float] = []
    if module is None:
        yield durations
        return
    starts: list[float] = []

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return 1e3 * time.perf_counter()

    hooks = (
        module.register_forward_pre_hook(lambda *_: starts.append(now())),
        module.register_forward_hook(lambda *_: durations.append(now() - starts.pop())),
    )
    try:
        yield durations
    finally:
        for hook in hooks:
            hook.remove()


def _near_record(
    samples: _Samples, reference: Timing, agreements: Sequence[Agreement]
) -> dict[str, Any]:
    """Time and agreement of a nearly exact mode over all frames."""
    timing = samples.timings()[2]
    return {
        **StageRow("", timing, reference).record(),
        "count_change": max((one.count_change for one in agreements), key=abs),
        "mean_matched_iou": mean(one.mean_matched_iou for one in agreements),
        "min_matched_iou": min(one.min_matched_iou for one in agreements),
        "oracle_iou": mean(one.oracle_iou for one in agreements),
        "min_oracle_iou": min(one.min_oracle_iou for one in agreements),
        "peak_memory_mb": round(samples.memory, 1),
    }


def _near_line(mode: str, record: dict[str, Any]) -> str:
    return (
        f"{mode}: {record['speedup']} times as fast as the reference; at most "
        f"{record['count_change']:+d} masks, mean matched IoU {record['mean_matched_iou']:.4f}, "
        f"oracle IoU of the largest 50 {record['oracle_iou']:.4f}"
    )
