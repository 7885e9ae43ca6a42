# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from helpers.commands import run
from llmseg_core.cli.file_argument import file_to_write
from llmseg_training.commands.locate import LOCATE


def test_nothing_is_written_yet(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text("{}")
    assert file_to_write(str(old)) == old
    new = tmp_path / "folder" / "new.json"
    assert file_to_write(str(new)) == new
    assert old.read_text() == "{}"
    assert sorted(tmp_path.rglob("*")) == [new.parent, old]


def test_what_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    for path, reason in ((tmp_path, "is a folder"), (tmp_path / "file/a.json", "exists")):
        with pytest.raises(argparse.ArgumentTypeError, match=f"'{path}' cannot be.*{reason}"):
            file_to_write(str(path))
    with pytest.raises(SystemExit, match="2"):
        run(LOCATE, "--scenes", 1, "--json", tmp_path)
    assert f"argument --json: '{tmp_path}' cannot be written" in capsys.readouterr().err
