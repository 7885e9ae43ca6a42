# SPDX-License-Identifier: Apache-2.0
"""What a process takes of the machine at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .late_node import resident_mb

__all__ = ["Sample", "process_sample"]


@dataclass(frozen=True)
class Sample:
    """Memory, threads and open files.

    Attributes:
        at_s: when, seconds since a moment of the caller's.
        rss_mb: MB of memory.
        threads: how many.
        files: how many are open.
    """

    at_s: float
    rss_mb: float
    threads: int
    files: int


def process_sample(pid: int, at_s: float) -> Sample:
    """A process now; `at_s` as in `Sample`."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Sample(at_s, resident_mb(pid), int(status["Threads"]), files)
