# SPDX-License-Identifier: Apache-2.0
"""Measurements of a benchmark: medians and ranges, as a table and as JSON."""

from __future__ import annotations

import json
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from rich.console import Console
from rich.table import Table

from llmseg_core.runtime.whole_file import write_whole

__all__ = [
    "StageRow",
    "Timing",
    "machine",
    "peak_memory_mb",
    "print_table",
    "reset_peak_memory",
    "short",
    "timed",
    "write_json",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Timing:
    """Repeated measurements of one thing, in milliseconds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Timing:
        """Median and range of at least one value."""
        return cls(*(round(pick(values), 2) for pick in (statistics.median, min, max)))

    def record(self) -> dict[str, float]:
        """Plain values for JSON."""
        return {"median_ms": self.median, "min_ms": self.low, "max_ms": self.high}


@dataclass(frozen=True)
class StageRow:
    """A stage: ours, the reference's, and the least time that its arithmetic takes.

    Attributes:
        name: of the stage.
        ours: time of ours.
        reference: time of the reference, None where it has no such stage.
        bound_ms: lower bound in milliseconds, None where there is none.
    """

    name: str
    ours: Timing
    reference: Timing | None = None
    bound_ms: float | None = None

    @property
    def ratio(self) -> float | None:
        """Times that ours is faster than the reference, by medians."""
        if self.reference is None or not self.ours.median:
            return None
        return round(self.reference.median / self.ours.median, 2)

    def record(self) -> dict[str, Any]:
        """Plain values for JSON: ours at the top, the rest beside it."""
        return {
            **self.ours.record(),
            "reference": self.reference and self.reference.record(),
            "speedup": self.ratio,
            "bound_ms": self.bound_ms and round(self.bound_ms, 3),
        }


def timed(device: torch.device, call: Callable[..., T], *arguments: Any) -> tuple[T, float]:
    """What a call returns, and the milliseconds that it took, the device's work included."""
    start = time.perf_counter()
    result = call(*arguments)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return result, 1e3 * (time.perf_counter() - start)


def machine(device: torch.device) -> dict[str, Any]:
    """Where a benchmark ran."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name()
    return {
        "device": f"{device} ({name})",
        "cpu": cpu_name(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def cpu_name() -> str:
    """What the processor calls itself, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def reset_peak_memory(device: torch.device) -> None:
    """Let `peak_memory_mb` start anew; not possible for a CPU's memory outside of Linux."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mb(device: torch.device) -> float:
    """Most memory held since the last reset: on a GPU by tensors, else resident in all."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("VmHWM"))
        return round(int(line.split()[1]) / 2**10, 1)
    unit = 1 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)


def short(number: float) -> str:
    """About three digits, never an exponent."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def print_table(title: str, rows: Iterable[StageRow], lines: Sequence[str]) -> None:
    """Print stages, one a line, and lines of text below."""
    table = Table(title=title, title_justify="left")
    table.add_column("stage", no_wrap=True)
    for name in ("ours ms", "reference ms", "times", "bound ms"):
        table.add_column(name, justify="right")
    for row in rows:
        numbers = ("" if n is None else short(n) for n in (row.ratio, row.bound_ms))
        table.add_row(row.name, _text(row.ours), _text(row.reference), *numbers)
    Console().print(table)
    for line in lines:
        print(line)


def _text(timing: Timing | None) -> str:
    """Median and range."""
    if timing is None:
        return ""
    return f"{short(timing.median)} ({short(timing.low)}-{short(timing.high)})"


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report, one key a line."""
    write_whole(path, json.dumps(report, indent=2) + "\n")
