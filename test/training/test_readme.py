# SPDX-License-Identifier: Apache-2.0
"""Every folder has its line in training/README.md, and every command there can be typed."""

from __future__ import annotations

import contextlib
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

from llmseg_core.cli.main import main
from llmseg_training.adapter.recipe import SHIPPED

TRAINING = Path(__file__).resolve().parents[2] / "training"
TEXT = (TRAINING / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    python -m (\S+)((?: +[^#\n]+)?)", TEXT, re.MULTILINE)
SUBCOMMANDS = [
    command
    for line in re.findall(r"^    (.+)$", TEXT, re.MULTILINE)
    for command in re.findall(r"(?:^llmseg|llmseg_core\.cli) ([^#]+)", line)
]


def test_every_folder_has_its_line() -> None:
    table = TEXT.partition("## The folders")[2]
    named = re.findall(r"^\| `(\w+/)` \|", table, re.MULTILINE)
    assert sorted(named) == sorted(
        f"{path.name}/"
        for path in TRAINING.iterdir()
        if path.is_dir() and not path.name.startswith("__")
    )
    loose = {path.name for path in TRAINING.iterdir() if path.is_file()}
    assert {name for name in loose if f"`{name}`" not in table} == {"README.md", "__init__.py"}


@pytest.mark.filterwarnings("ignore:.* found in sys.modules:RuntimeWarning")
@pytest.mark.parametrize(("module", "arguments"), COMMANDS)
def test_commands_run_and_have_their_options(
    module: str,
    arguments: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", [module, "--help"])
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    said = capsys.readouterr().out
    assert said.startswith(f"usage: python -m {module} ")
    for option in re.findall(r"--\w+", arguments):
        assert option in said


def test_make_runs_commands_that_are_there() -> None:
    makefile = (TRAINING.parent / "Makefile").read_text(encoding="utf-8")
    run = set(re.findall(r"-m (llmseg_training\S*)", makefile))
    assert run
    assert run <= {module for module, _ in COMMANDS}


def test_there_are_commands() -> None:
    assert {module for module, _ in COMMANDS} == {
        "llmseg_training.embedded",
        "llmseg_training.questions",
        "llmseg_training.scenes",
    }
    assert {command.split()[0] for command in SUBCOMMANDS} == {
        *("ablate", "data", "evaluate", "follow", "locate", "proposals", "train")
    }


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_options_of_subcommands_are_known(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --help after them, options are looked at and nothing runs."""
    monkeypatch.setenv("COLUMNS", "1000")
    name, *arguments = shlex.split(command)
    with contextlib.suppress(SystemExit):
        main([name, "--help"])
    usage = capsys.readouterr().out
    for option in [argument for argument in arguments if argument.startswith("--")]:
        assert re.search(rf"{option}\b", usage), option


@pytest.mark.parametrize("command", [one for one in SUBCOMMANDS if one.startswith("train ")])
def test_recipes_that_are_trained_are_shipped(command: str) -> None:
    assert command.split()[1] in SHIPPED


def test_the_table_of_recipes_is_complete() -> None:
    table = TEXT.partition("| recipe in `configs/` |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]+)\|", table, re.MULTILINE)))
    assert named == list(SHIPPED)
