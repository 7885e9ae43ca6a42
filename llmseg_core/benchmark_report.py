"""Timings of a benchmark: medians and ranges, as a table and as JSON."""

from __future__ import annotations

import json
import platform
import resource
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

__all__ = ["Timing", "machine", "peak_memory_mb", "print_table", "write_json"]


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


def machine(device: torch.device) -> dict[str, Any]:
    """Where a benchmark ran."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "device": f"{device} ({name})",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def peak_memory_mb(device: torch.device) -> float:
    """Most memory that this process has held so far: on a GPU its own, else resident memory."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    unit = 1 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)


def print_table(title: str, rows: Mapping[str, Timing], summary: str) -> None:
    """Print timings, one a line, and a line of text below."""
    table = Table(title=title, title_justify="left")
    table.add_column("stage")
    for name in ("median ms", "min ms", "max ms"):
        table.add_column(name, justify="right")
    for name, timing in rows.items():
        table.add_row(name, *(f"{value:.1f}" for value in (timing.median, timing.low, timing.high)))
    Console().print(table)
    print(summary)


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report, one key a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n")
