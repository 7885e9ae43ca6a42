# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

TRAINING = Path(__file__).resolve().parents[2] / "training"
TEXT = (TRAINING / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    python -m (\S+)((?: +[^#\n]+)?)", TEXT, re.MULTILINE)


def test_every_file_has_its_line() -> None:
    table = TEXT.partition("## The files")[2]
    named = set(re.findall(r"`(\w+(?:\.py|/))`", table))
    files = {path.name for path in TRAINING.glob("*.py")} - {"__init__.py"}
    folders = {f"{path.name}/" for path in TRAINING.iterdir() if path.is_dir()}
    assert named == files | (folders - {"__pycache__/"})


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
