# SPDX-License-Identifier: Apache-2.0
"""What must be quick is quick: names and help come without torch and what is built on it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

SCRIPT = """
import json, sys
from contextlib import redirect_stdout
from io import StringIO

HEAVY = ("numpy", "cv2", "scipy", "torch", "transformers", "peft", "accelerate", "matplotlib")

def imported():
    return [name for name in HEAVY if name in sys.modules]

report = {}
import llmseg_core
dir(llmseg_core)
report["llmseg_core"] = imported()
from llmseg_core.cli.main import _commands, main
with redirect_stdout(StringIO()) as said:
    main(["--help"])
report["overview"] = imported()
report["commands"] = list(_commands())
report["said"] = said.getvalue()
for name in report["commands"]:
    with redirect_stdout(StringIO()) as said:
        try:
            main([name, "--help"])
        except SystemExit as ended:
            assert ended.code == 0
    assert said.getvalue().startswith(f"usage: llmseg {name} "), said.getvalue()
    report[name] = imported()
import llmseg_core.types
report["llmseg_core.types"] = imported()
print(json.dumps(report))
"""
"""Each later import can only add, so one process tells of all."""


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=240
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_package_and_the_overview_import_nothing_heavy(report: dict[str, Any]) -> None:
    assert report["llmseg_core"] == []
    assert report["overview"] == []
    assert all(f"\n  {name} " in report["said"] for name in report["commands"])


def test_no_help_imports_anything_heavy(report: dict[str, Any]) -> None:
    names = {
        "segment",
        "benchmark",
        "convert",
        "ablate",
        "data",
        "evaluate",
        "label",
        "proposals",
        "train",
    }
    assert names <= set(report["commands"])
    assert {name: report[name] for name in report["commands"] if report[name]} == {}


def test_types_need_torch_alone(report: dict[str, Any]) -> None:
    assert report["llmseg_core.types"] == ["numpy", "torch"]
