# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import stat
from pathlib import Path

import pytest

from llmseg_core.runtime.whole_file import whole_file, write_whole


def test_text_and_bytes_are_written_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "new" / "place" / "a.txt"
    write_whole(file, "grün\n")
    assert file.read_bytes() == "grün\n".encode()
    write_whole(file, b"\x00\xff")
    assert file.read_bytes() == b"\x00\xff"
    assert list(file.parent.iterdir()) == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    write_whole(file, "old")

    def fails() -> None:
        with whole_file(file) as temporary:
            temporary.write_text("half")
            assert file.read_text() == "old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_long_name_is_no_hindrance(tmp_path: Path) -> None:
    file = tmp_path / ("x" * 250)
    write_whole(file, "here")
    assert file.read_text() == "here"
