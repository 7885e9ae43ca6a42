# SPDX-License-Identifier: Apache-2.0
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

from llmseg_core.metrics.overlap import pairwise_iou
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.reference.proposal_agreement import Agreement, agreement
from llmseg_core.reference.proposals import ReferenceGenerator, reference_generator
from llmseg_core.runtime.compute_rate import ComputeRate
from llmseg_core.types import Proposals

from .flops import sam_encoder_flops, sam_points_flops
from .models import BenchmarkModel
from .report import (
    StageRow,
    Timing,
    machine,
    peak_memory_mb,
    print_table,
    reset_peak_memory,
    timed,
)

__all__ = ["MODES", "full_float32", "matched_iou", "measure_proposals"]

REFERENCE = "reference"
SAME = 0.999
"""IoU from which two masks are the same."""

TIE = 1e-4
"""Predicted IoUs this close are equal but for rounding."""


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
    "low-measures": _Change(settings={"low_resolution_measures": True}),
    "coarse": _Change(settings={"coarse_step": 2}),
    "compile": _Change(compiled=True),
}
"""Ways to run everything mode; all but the first are nearly exact, and "+" joins them."""


@dataclass
class _Samples:
    """What was measured of one generator, in milliseconds and MB."""

    whole: list[float] = field(default_factory=list)
    encoder: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    memory: float = 0.0

    def take(
        self,
        propose: Callable[[np.ndarray], Proposals],
        image_encoder: nn.Module | None,
        frame: np.ndarray,
        device: torch.device,
    ) -> Proposals:
        """Measure one frame; the proposals come back on the CPU, which is part of the time."""
        reset_peak_memory(device)
        with _clocked(image_encoder, device) as encoder:
            proposals, duration = timed(device, lambda: propose(frame).to("cpu"))
        self.whole.append(duration)
        self.encoder.append(sum(encoder))
        self.counts.append(len(proposals))
        self.memory = max(self.memory, peak_memory_mb(device))
        return proposals

    def timings(self) -> tuple[Timing, Timing, Timing]:
        """The image encoder, all that follows, and both, where the encoder was clocked."""
        rest = [whole - encoder for whole, encoder in zip(self.whole, self.encoder, strict=True)]
        return Timing.of(self.encoder), Timing.of(rest), Timing.of(self.whole)


@dataclass
class _Run:
    """Samples of all generators, and how alike their masks were."""

    samples: dict[str, _Samples]
    agreements: dict[str, list[Agreement]]
    equal: bool = True
    min_matched_iou: float = 1.0
    drawn: list[int] = field(default_factory=list)

    def compare(self, found: Mapping[str, Proposals], reference: Proposals) -> None:
        """Note the masks of one frame."""
        exact = found["exact"]
        overlap = matched_iou(exact, reference)
        self.equal = self.equal and len(exact) == len(reference) and overlap >= SAME
        self.min_matched_iou = min(self.min_matched_iou, overlap)
        self.drawn.append(len(exact.points.unique(dim=0)))
        for mode, agreements in self.agreements.items():
            agreements.append(agreement(exact, found[mode]))


def measure_proposals(
    model: BenchmarkModel,
    frames: Sequence[np.ndarray],
    repeats: int,
    rate: ComputeRate,
    modes: Sequence[str] = ("exact",),
    plain: bool = False,
) -> tuple[dict[str, Any], list[StageRow]]:
    """Ours and the reference by turns on the same frames, weights and settings.

    Args:
        model: its SAM and its settings.
        frames: images to go round.
        repeats: frames to measure.
        rate: for the lower bounds.
        modes: names of `MODES`, joined by "+", the first "exact".
        plain: which reference, see `reference_generator`.

    Returns:
        The report for JSON, and the stages.
    """
    sam, config = model.parts.sam, model.proposals
    reference = reference_generator(sam, config, plain)
    with full_float32():
        run = _run(model, reference, frames, repeats, modes)
    points = config.points_per_side**2
    bounds = [
        rate.milliseconds(sam_encoder_flops(sam.config.vision_config)),
        rate.milliseconds(sam_points_flops(sam.config, points, min(run.drawn))),
    ]
    bounds.append(sum(bounds))
    names = ("image encoder", "masks of all points", "proposals")
    exact, published = run.samples["exact"], run.samples[REFERENCE]
    ours, theirs = exact.timings(), published.timings()
    rows = [StageRow(*row) for row in zip(names, ours, theirs, bounds, strict=True)]
    near = {
        mode: _near_record(run.samples[mode], theirs[2], run.agreements[mode])
        for mode in run.agreements
    }
    report = {
        "reference": reference.name,
        "speedup_exact": rows[-1].ratio,
        "masks_equal": run.equal,
        "min_matched_iou": run.min_matched_iou,
        "ours_ms": ours[2].median,
        "reference_ms": theirs[2].median,
        "ours": ours[2].record(),
        "reference_timing": theirs[2].record(),
        "stages": {row.name: row.record() for row in rows},
        "modes": near,
        "proposals": int(np.median(exact.counts)),
        "reference_peak_memory_mb": published.memory,
        "peak_memory_mb": exact.memory,
    }
    rows += [StageRow(mode, Timing.of(run.samples[mode].whole), theirs[2]) for mode in near]
    same = "the same masks" if run.equal else "NOT the same masks"
    lines = [
        f"{report['speedup_exact']} times as fast, {same} "
        f"(lowest matched IoU {run.min_matched_iou:.4f})",
        *(_near_line(mode, record) for mode, record in near.items()),
        f"peak memory: ours {exact.memory:.0f} MB, reference {published.memory:.0f} MB",
        f"bound: {rate.source}",
    ]
    title = f"Proposals on {machine(sam.device)['device']}: ours beside {reference.name}"
    print_table(title, rows, lines)
    return report, rows


@contextmanager
def full_float32() -> Iterator[None]:
    """A GPU's convolutions in float32 in the block, as all its other products are.

    PyTorch has it round their factors to TF32's ten bits, which is enough to take another pixel or
    mask, where two ways of computing the same are compared.
    """
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def _run(
    model: BenchmarkModel,
    reference: ReferenceGenerator,
    frames: Sequence[np.ndarray],
    repeats: int,
    modes: Sequence[str],
) -> _Run:
    """All modes and the reference by turns."""
    sam = model.parts.sam
    generators = {mode: _generator(model, mode) for mode in modes}
    run = _Run({name: _Samples() for name in (*modes, REFERENCE)}, {m: [] for m in modes[1:]})
    for propose in (*(generator.propose for generator in generators.values()), reference.propose):
        propose(frames[-1])  # warms up
    for index in tqdm(range(repeats), unit="frame", disable=None):
        frame = frames[index % len(frames)]
        found = {}
        for mode, generator in generators.items():
            # only the exact mode is taken apart: hooks would disturb a compiler
            encoder = generator.encoder if mode == "exact" else None
            found[mode] = run.samples[mode].take(generator.propose, encoder, frame, sam.device)
        theirs = run.samples[REFERENCE].take(
            reference.propose, reference.image_encoder, frame, sam.device
        )
        run.compare(found, theirs)
    return run


def matched_iou(ours: Proposals, reference: Proposals) -> float:
    """Lowest IoU of a reference mask with ours of the same rank and score; 1 if there is none.

    Masks stand in the order of their predicted IoUs, which rounding may swap where these are equal
    (see `TIE`): each is matched with the best of those ranks. Where their number differs, it is
    matched with the best of all.
    """
    if not len(reference):
        return 1.0 if not len(ours) else 0.0
    if not len(ours):
        return 0.0
    overlaps = pairwise_iou(reference.masks, ours.masks, empty=1.0)
    if len(ours) == len(reference):
        for other in (ours, reference):
            apart = (reference.predicted_iou[:, None] - other.predicted_iou).abs()
            overlaps = overlaps.masked_fill(apart > TIE, 0.0)
        return float(torch.minimum(overlaps.amax(1), overlaps.amax(0)).min())
    return float(overlaps.amax(1).min())


def _generator(model: BenchmarkModel, mode: str) -> SamProposalGenerator:
    changes = [MODES[name] for name in mode.split("+")]
    sam, config = model.parts.sam, model.proposals
    for change in changes:
        if change.dtype is not None:
            sam = copy.deepcopy(sam).to(change.dtype)
        config = replace(config, **change.settings)
    return SamProposalGenerator(sam, config, compiled=any(change.compiled for change in changes))


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
    return {
        **StageRow("", Timing.of(samples.whole), reference).record(),
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
