# SPDX-License-Identifier: Apache-2.0
"""`make faults`: signals, kills, full disks, half-copied models, two writers, jumping clocks.

Every fault is caused several times, to processes as users start them, on miniatures of models and
data. It must be survived, or refused with a reason; and nothing may be lost.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .fault import Fault, Place
from .fault_commands import command_kills, disk_full, two_writers
from .fault_nodes import camera_kills, clock_jumps, hot_swaps, node_kills
from .fault_signals import signals
from .report import machine, print_table, stay_apart, write_json

__all__ = ["FAULTS", "main", "run"]

FAULTS: dict[str, tuple[Fault, int]] = {
    "signals": (signals, 16),
    "camera killed": (camera_kills, 3),
    "node killed": (node_kills, 3),
    "half-copied models": (hot_swaps, 12),
    "clock jumps": (clock_jumps, 20),
    "commands killed": (command_kills, 10),
    "disk full": (disk_full, 10),
    "two writers": (two_writers, 10),
}
"""each with how often it is caused by one round"""


def run(names: list[str], seed: int, rounds: float) -> dict[str, Any]:
    """Causes these faults; returns what is to be written."""
    results = {}
    for name in names:
        fault, tries = FAULTS[name]
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="llmseg_faults_") as folder:
            choose = random.Random(f"{seed} {name}")
            outcome = fault(Place(Path(folder), choose, max(1, round(tries * rounds))))
        results[name] = {**vars(outcome), "seconds": round(time.monotonic() - began, 1)}
        for failure in outcome.failures:
            print(f"FAILURE: {name}: {failure}", flush=True)
    return {
        "seed": seed,
        "faults": results,
        "tries": sum(one["tries"] for one in results.values()),
        "failures": sum(len(one["failures"]) for one in results.values()),
    }


def main() -> int:
    """Reads the command line; returns the exit status, 1 if there was a failure."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=float, default=1.0, help="times that each is caused more")
    parser.add_argument("--kinds", nargs="+", choices=list(FAULTS), default=list(FAULTS))
    parser.add_argument("--json", type=Path, default=Path("build/faults.json"))
    options = parser.parse_args()
    stay_apart()
    about = machine()
    report = run(options.kinds, options.seed, options.rounds)
    write_json(options.json, {"machine": about, **report})
    print_table(
        ("fault", "tries", "survived", "refused", "failures", "seconds", "how"),
        [
            (name, one["tries"], one["survived"], one["refused"], len(one["failures"]),
             one["seconds"], one["note"])
            for name, one in report["faults"].items()
        ],
    )  # fmt: skip
    print(f"{report['tries']} tries, {report['failures']} failures; {options.json}")
    return int(bool(report["failures"]))


if __name__ == "__main__":
    sys.exit(main())
