# SPDX-License-Identifier: Apache-2.0
"""Any model directory's method, stage by stage: a new frame, then a new instruction on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from llmseg_core.methods.method import Method

from .models import INSTRUCTIONS
from .report import (
    StageRow,
    Timing,
    machine,
    peak_memory_mb,
    print_table,
    reset_peak_memory,
    timed,
)

__all__ = ["NEW_FRAME", "NEW_INSTRUCTION", "measure_method"]

NEW_FRAME = "new frame to mask"
NEW_INSTRUCTION = "new instruction"


def measure_method(
    method: Method,
    frames: Sequence[np.ndarray],
    repeats: int,
    device: torch.device,
    bounds_ms: Mapping[str, float] | None = None,
) -> tuple[dict[str, Any], list[StageRow]]:
    """New frames with an instruction each, then a new instruction on the frame that is known.

    There is no reference, and unless one is given no lower bound: how many words a VLM writes is
    its own affair.

    Args:
        method: to measure.
        frames: images to go round.
        repeats: frames to measure.
        device: where it runs.
        bounds_ms: lower bounds by the stage's name.

    Returns:
        The report for JSON, and the stages.
    """
    samples: dict[str, list[float]] = defaultdict(list)
    method.segment(method.encode_frame(frames[-1]), INSTRUCTIONS[-1])  # warms up
    reset_peak_memory(device)
    for index in tqdm(range(repeats), unit="frame", disable=None):
        first, second = (INSTRUCTIONS[(index + step) % len(INSTRUCTIONS)] for step in (0, 1))
        frame, encoding = timed(device, method.encode_frame, frames[index % len(frames)])
        answer, asking = timed(device, method.segment, frame, first)
        _, again = timed(device, method.segment, frame, second)
        sums = {NEW_FRAME: encoding + asking, NEW_INSTRUCTION: again}
        for name, value in {**answer.timings_ms, **sums}.items():
            samples[name].append(value)
    bounds = bounds_ms or {}
    rows = {
        name: StageRow(name, Timing.of(values), bound_ms=bounds.get(name))
        for name, values in samples.items()
    }
    new_frame, again_ms = rows[NEW_FRAME].ours.median, rows[NEW_INSTRUCTION].ours.median
    memory = peak_memory_mb(device)
    report: dict[str, Any] = {
        "method": method.description.name,
        "new_frame_ms": new_frame,
        "new_instruction_ms": again_ms,
        "instruction_speedup": round(new_frame / again_ms, 1),
        "stages": {name: row.record() for name, row in rows.items()},
        "peak_memory_mb": memory,
    }
    line = (
        f"a new instruction on a known frame is {report['instruction_speedup']} times cheaper than "
        f"the first; peak memory {memory:.0f} MB"
    )
    title = f"{method.description.name} ({method.profile}) on {machine(device)['device']}"
    print_table(title, rows.values(), [line])
    return report, list(rows.values())
