# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from llmseg_core.runtime.whole_folder import written_whole


def write(directory: Path, text: str) -> None:
    with written_whole(directory, "mark.txt") as folder:
        (folder / "mark.txt").write_text(text)


def test_folder_is_made_and_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    write(target, "one")
    (target / "old.txt").write_text("old")
    write(target, "two")
    assert [file.name for file in target.iterdir()] == ["mark.txt"]
    assert (target / "mark.txt").read_text() == "two"
    assert list(target.parent.iterdir()) == [target]


def test_failure_leaves_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    write(target, "one")
    with pytest.raises(TypeError):
        write(target, 3)  # type: ignore[arg-type]
    assert (target / "mark.txt").read_text() == "one"
    assert list(tmp_path.iterdir()) == [target]


def test_other_folders_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match=r"holds no mark\.txt: it is not replaced"):
        write(tmp_path, "one")
    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_empty_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty", "one")
    assert (tmp_path / "empty" / "mark.txt").is_file()
