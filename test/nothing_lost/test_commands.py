# SPDX-License-Identifier: Apache-2.0
"""What people typed still starts: `python -m MODULE --help`, and `llmseg COMMAND --help`."""

from __future__ import annotations

import runpy
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


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_started(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["program", "--help"])
    if module == "llmseg_ros.demo.ask":  # no package: runpy warns if it was imported before
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    assert ended.value.code == 0
    assert MODULES[module] in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_started(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert COMMANDS[command] in capsys.readouterr().out
