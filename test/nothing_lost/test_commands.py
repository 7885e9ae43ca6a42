# SPDX-License-Identifier: Apache-2.0
"""What people typed still starts: `python -m MODULE --help`, and `llmseg COMMAND --help`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from llmseg_core.cli.main import main

MODULES = {
    "llmseg_core.cli": "segment",
    "llmseg_ros.demo": "--recording",
    "llmseg_ros.demo.ask": "recording",
    "llmseg_training.embedded": "--stage",
    "llmseg_training.questions": "--split",
    "llmseg_training.scenes": "--sheet",
}
"""Modules, and a word of what each says."""
COMMANDS = {
    "ablate": "table",
    "benchmark": "--device",
    "convert": "--out",
    "data": "export",
    "evaluate": "--write-predictions",
    "proposals": "--points-per-side",
    "segment": "--masks",
    "train": "--work",
}
"""Commands, and an option of each."""


@pytest.fixture(scope="module")
def started() -> dict[str, subprocess.Popen[str]]:
    """All modules at once, each in a process of its own."""
    return {
        module: subprocess.Popen(
            [sys.executable, "-m", module, "--help"], stdout=subprocess.PIPE, text=True
        )
        for module in MODULES
    }


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_started(module: str, started: dict[str, subprocess.Popen[str]]) -> None:
    text, _ = started[module].communicate(timeout=120)
    assert started[module].returncode == 0
    assert MODULES[module] in text


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_started(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert COMMANDS[command] in capsys.readouterr().out
