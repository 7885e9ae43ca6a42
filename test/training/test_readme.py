# SPDX-License-Identifier: Apache-2.0
"""Every folder has its line in training/README.md, and every command there can be typed."""

from __future__ import annotations

import contextlib
import re
import shlex
from importlib.util import find_spec
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


@pytest.mark.parametrize(("module", "arguments"), COMMANDS)
def test_commands_and_their_options_exist(module: str, arguments: str) -> None:
    spec = find_spec(module)
    assert spec is not None
    source = Path(str(spec.origin))
    if source.name == "__init__.py":
        source = source.with_name("__main__.py")
    text = source.read_text(encoding="utf-8")
    for option in re.findall(r"--\w+", arguments):
        assert f'"{option}"' in text


def test_there_are_commands() -> None:
    assert {module for module, _ in COMMANDS} == {
        "llmseg_training.embedded.stages",
        "llmseg_training.evaluate.embedded",
        "llmseg_training.questions",
        "llmseg_training.scenes",
    }
    assert {command.split()[0] for command in SUBCOMMANDS} == {
        *("ablate", "data", "evaluate", "proposals", "train")
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
