# SPDX-License-Identifier: Apache-2.0
"""How much memory tensors take at most while something runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from torch.profiler import ProfilerActivity, profile


def peak_bytes(run: Callable[[], object], folder: Path) -> int:
    """Highest sum of tensor memory allocated on the CPU since the start of `run`, in bytes.

    Args:
        run: what to measure.
        folder: where the profiler may write.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    trace = folder / "trace.json"
    profiler.export_chrome_trace(str(trace))
    events = json.loads(trace.read_text())["traceEvents"]
    changes = [event for event in events if event.get("name") == "[memory]"]
    level = peak = 0
    for event in sorted(changes, key=lambda event: float(event["ts"])):
        level += event["args"]["Bytes"]
        peak = max(peak, level)
    return peak
