# SPDX-License-Identifier: Apache-2.0
"""`make check-gpu`: everything that only a GPU can show, in one run of under ten minutes.

Each check is a process of its own, so that one leaves the GPU to the next, and one that fails does
not end the others. The results are printed as a table and written to build/check-gpu.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from llmseg_core.benchmark.choices import METHOD_NAMES
from llmseg_core.benchmark.report import machine
from llmseg_core.runtime.whole_file import write_whole

OUT = Path("build/check-gpu")
NEEDED_GIB = 40
CLI = ("-m", "llmseg_core.cli")


@dataclass(frozen=True)
class Check:
    """One process, and what its report says.

    Attributes:
        what: that is checked.
        longest_s: after which it is ended; all together leave room in ten minutes.
        arguments: of Python; the report is written where the last one says.
        figures: what of the report goes into the table, by its heading.
        passed: whether the report is as it should be.
    """

    what: str
    longest_s: int
    arguments: tuple[str, ...]
    figures: Callable[[Mapping[str, Any]], dict[str, object]]
    passed: Callable[[Mapping[str, Any]], bool]


def _proposals(report: Mapping[str, Any]) -> dict[str, object]:
    near = {
        mode: f"{record['speedup']} times, matched IoU {record['mean_matched_iou']:.4f}"
        for mode, record in report["modes"].items()
    }
    return {
        "reference": report["reference"],
        "ours ms": report["ours_ms"],
        "reference ms": report["reference_ms"],
        "bound ms": report["stages"]["proposals"]["bound_ms"],
        "times": report["speedup_exact"],
        "lowest matched IoU": report["min_matched_iou"],
        "peak MB": report["peak_memory_mb"],
        **near,
    }


def _pipeline(report: Mapping[str, Any]) -> dict[str, object]:
    return {
        "reference": report["reference"],
        "new frame ms": report["new_frame_ms"],
        "new instruction ms": report["new_instruction_ms"],
        "bound ms": report["new_frame"]["bound_ms"],
        "reference ms": report["new_frame"]["reference"]["median_ms"],
        "times, new frame": report["speedup_new_frame"],
        "times, new instruction": report["speedup_new_instruction"],
        "lowest answer IoU": report["min_answer_iou"],
        "peak MB": report["peak_memory_mb"],
    }


def _methods(report: Mapping[str, Any]) -> dict[str, object]:
    found = {"bound": report["bound"]}
    for name in METHOD_NAMES:
        each = report[name]
        found[f"{name}: {each['sizes']}"] = (
            f"new frame {each['new_frame_ms']} ms (bound {each['bound_new_frame_ms']}), new "
            f"instruction {each['new_instruction_ms']} ms (bound "
            f"{each['bound_new_instruction_ms']}), peak {each['peak_memory_mb']} MB"
        )
    return found


PROPOSALS = (*CLI, "benchmark", "proposals", "--profile", "paper", "--device", "cuda",
             "--reference", "plain")  # fmt: skip
PIPELINE = (*CLI, "benchmark", "pipeline", "--profile", "paper", "--device", "cuda",
            "--reference", "plain")  # fmt: skip
CHECKS = {
    "tests": Check(
        "the tests marked gpu",
        140,
        ("-m", "pytest", "-m", "gpu", "-q", "--no-header", "test/core", "test/training"),
        lambda report: dict(report),
        lambda report: report["exit status"] == 0,
    ),
    "everything-mode": Check(
        "SAM ViT-H's everything mode, float32 beside the published order of work, and bfloat16",
        70,
        (*PROPOSALS, "--repeats", "3", "--modes", "bf16", "--json"),
        _proposals,
        lambda report: bool(report["masks_equal"]),
    ),
    "pipeline": Check(
        "the whole method in the paper's sizes, bfloat16, beside the method as published",
        40,
        (*PIPELINE, "--dtype", "bfloat16", "--repeats", "5", "--json"),
        _pipeline,
        lambda report: report["new_frame_ms"] > 0,
    ),
    "training-step": Check(
        "a step of the paper's training in full size: its peak memory beside the expected one",
        40,
        ("-m", "llmseg_training.adapter.full_size_step", "--json"),
        lambda report: dict(report),
        lambda report: bool(report["peak_gib"] <= report["expected_gib"]),
    ),
    "methods": Check(
        "every method in published sizes, bfloat16: a new instruction encodes no image",
        120,
        (
            *CLI,
            "benchmark",
            "methods",
            "--sizes",
            "published",
            "--device",
            "cuda",
            "--dtype",
            "bfloat16",
            "--repeats",
            "3",
            "--json",
        ),
        _methods,
        lambda report: (
            not any(report[name]["image_encodings_new_instruction"] for name in METHOD_NAMES)
        ),
    ),
    "compiled": Check(
        "everything mode compiled, in bfloat16, beside float32",
        180,
        (*PROPOSALS, "--repeats", "2", "--modes", "bf16+compile", "--json"),
        _proposals,
        lambda report: bool(report["masks_equal"]),
    ),
}


def main() -> int:
    """Runs the checks; returns 1 if one failed, 2 without a GPU."""
    parser = argparse.ArgumentParser(prog="make check-gpu", description=__doc__)
    parser.add_argument("--only", choices=list(CHECKS), action="append", help="may be repeated")
    parser.add_argument("--json", type=Path, default=OUT.with_suffix(".json"))
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print(
            f"make check-gpu needs an NVIDIA GPU of {NEEDED_GIB} GiB and a CUDA build of PyTorch; "
            f"PyTorch {torch.__version__} sees none here. Nothing was checked.",
            file=sys.stderr,
        )
        return 2
    memory = torch.cuda.get_device_properties(0).total_memory / 2**30
    if memory < NEEDED_GIB:
        print(f"the GPU has {memory:.0f} GiB, the paper's sizes need {NEEDED_GIB}", file=sys.stderr)
    OUT.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {**machine(torch.device("cuda:0")), "gpu_gib": round(memory, 1)}
    for name in options.only or CHECKS:
        report[name] = _run(name, CHECKS[name])
        write_whole(options.json, json.dumps(report, indent=2) + "\n")
    _show(report)
    print(f"written to {options.json}, whole reports and logs are in {OUT}")
    checked = [value for value in report.values() if isinstance(value, dict)]
    return 0 if all(each["passed"] for each in checked) else 1


def _run(name: str, check: Check) -> dict[str, Any]:
    """One check: whether it passed, its figures, and how long it took."""
    print(f"{name}: {check.what}", flush=True)
    file, log = OUT / f"{name}.json", OUT / f"{name}.log"
    file.unlink(missing_ok=True)
    takes_file = check.arguments[-1] == "--json"
    command = [sys.executable, *check.arguments, *([str(file)] if takes_file else [])]
    start = time.monotonic()
    with log.open("w") as output:
        try:
            status = subprocess.run(
                command, stdout=output, stderr=subprocess.STDOUT, timeout=check.longest_s
            ).returncode
        except subprocess.TimeoutExpired:
            status = -1
    seconds = round(time.monotonic() - start, 1)
    lines = log.read_text(errors="replace").splitlines()
    if takes_file and (status != 0 or not file.is_file()):
        print("\n".join(lines[-15:]), flush=True)
        return {"passed": False, "seconds": seconds, "exit status": status}
    last = lines[-1] if lines else ""
    plain = json.loads(file.read_text()) if takes_file else {"exit status": status, "said": last}
    if not takes_file and status != 0:
        print("\n".join(lines[-25:]), flush=True)
    return {"passed": check.passed(plain), "seconds": seconds, **check.figures(plain)}


def _show(report: Mapping[str, Any]) -> None:
    table = Table(title=f"{report['device']}, PyTorch {report['torch']}", title_justify="left")
    for heading in ("check", "figure", "value"):
        table.add_column(heading, overflow="fold")
    for name, figures in report.items():
        if isinstance(figures, dict):
            for number, (figure, value) in enumerate(figures.items()):
                table.add_row("" if number else name, figure, str(value))
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main())
