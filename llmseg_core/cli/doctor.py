# SPDX-License-Identifier: Apache-2.0
"""`llmseg doctor`: what this machine has, what is wrong, and what mends it."""

from __future__ import annotations

import argparse
import json

from llmseg_core.config.values import require

from .command import Command

__all__ = ["DOCTOR"]

WRONG = 1
"""exit code where something keeps a model or the node from working"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", action="append", default=[], metavar="DIR",
        help="model directory or profile to look at; may be given several times (default: embedded "
        "and all profiles that are here)",
    )  # fmt: skip
    parser.add_argument(
        "--topic", default="", metavar="TOPIC", help="look at what arrives on a camera's topic, too"
    )
    parser.add_argument(
        "--seconds", type=float, default=5.0, metavar="S", help="how long (default: 5)"
    )
    parser.add_argument(
        "--digests", action="store_true", help="read all of the downloaded weights and compare"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.epilog = (
        "Exit code: 0 if nothing is wrong (there may be warnings), 1 if something keeps a model or "
        "the node from working, 2 for a wrong argument."
    )


def _run(options: argparse.Namespace) -> int:
    from llmseg_core.doctor.checkup import Question, all_findings, page
    from llmseg_core.doctor.finding import State

    require(0 < options.seconds <= 600, "--seconds", options.seconds, "above 0, at most 600")
    question = Question(options.model, options.topic, options.seconds, options.digests)
    findings = list(all_findings(question))
    wrong = any(finding.state is State.WRONG for finding in findings)
    if options.json:
        record = {"wrong": wrong, "findings": [each.to_dict() for each in findings]}
        print(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        print(page(findings))
    return WRONG if wrong else 0


DOCTOR = Command("Say what is wrong with this machine, and what mends it.", _add_arguments, _run)
