# SPDX-License-Identifier: Apache-2.0
"""`make fuzz`: malformed inputs of all kinds, to the parts that read them and to a living node.

Every case comes from the seed, its kind and its number alone. Files are read in a process of its
own, which may be lost; messages, calls and parameters go over DDS to a node process. What ends a
process, is not answered, or breaks what must hold of an answer is a failure: it is made as small as
can be and printed, each class of failures once.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .cases import Case, case_random, shrunk
from .checker_process import CheckerProcess
from .file_checks import FileCheck, file_checks
from .node_session import NodeSession
from .report import machine, print_table, stay_apart, write_json

__all__ = ["Findings", "fuzz_files", "fuzz_node", "main"]

BATCH = 25
"""cases between two looks whether the node lives"""

SHARES = {
    "pixels": 0.15, "compressed": 0.05, "run-lengths": 0.15, "model-yaml": 0.05, "data-lines": 0.05,
    "images": 0.10, "depth": 0.05, "raw-images": 0.08, "raw-instructions": 0.05,
    "instructions": 0.05, "calls": 0.05, "goals": 0.05, "parameters": 0.08, "transitions": 0.02,
    "models": 0.02,
}  # fmt: skip
"""of all cases that each kind has; they sum to one"""


@dataclass
class Findings:
    """What came out of one kind.

    Attributes:
        cases: that were tried.
        refused: that were refused with a reason.
        failures: first case of each class of failures, made small, by what went wrong.
        restarts: of the process, which failures ended.
        seconds: that it took.
    """

    cases: int = 0
    refused: int = 0
    failures: dict[str, Case] = field(default_factory=dict)
    restarts: int = 0
    seconds: float = 0.0


def fuzz_files(
    checker: CheckerProcess, make: FileCheck, kind: str, seed: int, count: int, first: int = 0
) -> Findings:
    """Tries `count` cases of a kind that is read from files, from number `first` on."""
    findings, began, restarts = Findings(), time.monotonic(), checker.restarts
    for number in range(first, first + count):
        case = make.generate(case_random(seed, kind, number))
        refused, failure = checker.check(kind, case)
        findings.cases += 1
        findings.refused += bool(refused)
        if not failure or failure in findings.failures:
            continue

        def fails(one: Case, as_before: str = failure) -> bool:
            return checker.check(kind, one)[1] == as_before

        findings.failures[failure] = shrunk(case, make.base, fails)
    findings.restarts = checker.restarts - restarts
    findings.seconds = time.monotonic() - began
    return findings


def fuzz_node(session: NodeSession, kind: str, seed: int, count: int, first: int = 0) -> Findings:
    """Tries `count` cases of a kind that a node takes, from number `first` on."""
    findings, began = Findings(), time.monotonic()
    restarts = session.restarts
    check = session.check(kind)
    for start in range(first, first + count, BATCH):
        numbers = range(start, min(start + BATCH, first + count))
        cases = [check.generate(case_random(seed, kind, number)) for number in numbers]
        findings.cases += len(cases)
        if not session.failure_of(kind, cases):
            continue
        for case in cases:  # one after the other, to a new process
            if not (failure := session.failure_of(kind, [case])) or failure in findings.failures:
                continue

            def fails(one: Case, as_before: str = failure) -> bool:
                return session.failure_of(kind, [one]) == as_before

            findings.failures[failure] = shrunk(case, session.check(kind).base, fails, tries=8)
            break
        else:
            findings.failures.setdefault("only together, see the seed and these numbers", {
                "first": start, "count": len(cases),
            })  # fmt: skip
    findings.restarts = session.restarts - restarts
    findings.seconds = time.monotonic() - began
    return findings


def run(seed: int, count: int, kinds: list[str], first: int = 0) -> dict[str, Any]:
    """Tries `count` cases of all these kinds together; returns what is to be written."""
    found: dict[str, Findings] = {}
    shares = {kind: SHARES[kind] for kind in kinds}
    counts = {
        kind: max(1, round(count * share / sum(shares.values()))) for kind, share in shares.items()
    }
    of_files = [kind for kind in kinds if kind in file_checks()]
    if of_files:
        with (
            tempfile.TemporaryDirectory(prefix="llmseg_fuzz_") as folder,
            CheckerProcess() as checker,
        ):
            for kind in of_files:
                make = file_checks()[kind](Path(folder) / kind)
                found[kind] = fuzz_files(checker, make, kind, seed, counts[kind], first)
                _show(kind, seed, found[kind])
    classes: Counter[str] = Counter()
    missing: list[str] = []
    of_node = [kind for kind in kinds if kind not in of_files]
    lines = 0
    if of_node:
        with (
            tempfile.TemporaryDirectory(prefix="llmseg_fuzz_") as folder,
            NodeSession(Path(folder)) as session,
        ):
            for kind in of_node:
                found[kind] = fuzz_node(session, kind, seed, counts[kind], first)
                _show(kind, seed, found[kind])
            classes, lines = session.logged()
            if "images" in of_node and not session.restarts:
                missing = session.missing_classes(seed, counts["images"], first)
    repeated = {name: times for name, times in classes.items() if times > 1}
    return {
        "seed": seed,
        "kinds": {kind: vars(one) for kind, one in found.items()},
        "cases": sum(one.cases for one in found.values()),
        "failures": sum(len(one.failures) for one in found.values()),
        "error classes logged": sorted(classes),
        "error classes logged more than once": repeated,
        "error classes of images that were not logged": missing,
        "lines of the node's output": lines,
    }  # fmt: skip


def _show(kind: str, seed: int, findings: Findings) -> None:
    for failure, case in findings.failures.items():
        print(f"\nFAILURE in {kind} (seed {seed}): {failure}\n  smallest: {case!r}\n", flush=True)


def main() -> int:
    """Reads the command line; returns the exit status, 1 if there was a failure."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=2000, help="cases of all kinds together")
    parser.add_argument("--first", type=int, default=0, help="number of each kind's first case")
    parser.add_argument("--kinds", nargs="+", choices=sorted(SHARES), default=list(SHARES))
    parser.add_argument("--json", type=Path, default=Path("build/fuzz.json"))
    options = parser.parse_args()
    stay_apart()
    report = run(options.seed, options.count, options.kinds, options.first)
    write_json(options.json, {"machine": machine(), **report})
    print_table(
        ("kind", "cases", "refused", "failures", "restarts", "seconds"),
        [
            (kind, one["cases"], one["refused"], len(one["failures"]), one["restarts"],
             f"{one['seconds']:.1f}")
            for kind, one in report["kinds"].items()
        ],
    )  # fmt: skip
    repeated = report["error classes logged more than once"]
    missing = report["error classes of images that were not logged"]
    print(
        f"{report['cases']} cases, {report['failures']} classes of failures; the node logged "
        f"{len(report['error classes logged'])} classes of errors, {len(repeated)} of them more "
        f"than once, and left out {len(missing)}; {options.json}"
    )
    for name in (*repeated, *missing):
        print(f"  {name}")
    return int(bool(report["failures"] or repeated or missing))


if __name__ == "__main__":
    sys.exit(main())
