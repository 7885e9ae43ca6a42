# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys

import pytest

from helpers.commands import run_unread
from llmseg_training.questions.__main__ import main


def test_the_command_prints_as_many_instructions_as_asked() -> None:
    command = [sys.executable, "-m", "llmseg_training.questions", "--split", "test", "--count", "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 7
    assert all(" -> " in line for line in lines)


def test_a_reader_that_goes_ends_the_command() -> None:
    code, error = run_unread(sys.executable, "-m", "llmseg_training.questions", "--count", "9")
    line = "python -m llmseg_training.questions: stopped, because its output is not read any more"
    assert (code, error) == (141, f"{line}\n")


@pytest.mark.parametrize("name", ["count", "seed"])
def test_wrong_numbers_are_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"--{name}", "-1"]) == 2
    line = f"python -m llmseg_training.questions: --{name} is -1, it must be at least 0\n"
    assert capsys.readouterr().err == line
