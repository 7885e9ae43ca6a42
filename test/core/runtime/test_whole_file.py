# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from llmseg_core.runtime.whole_file import whole_file, write_whole


@pytest.fixture
def umask() -> Iterator[int]:
    """An umask that is not the usual one."""
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_text_and_bytes_are_written_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "new" / "place" / "a.txt"
    write_whole(file, "grün\n")
    assert file.read_bytes() == "grün\n".encode()
    write_whole(file, b"\x00\xff")
    assert file.read_bytes() == b"\x00\xff"
    assert list(file.parent.iterdir()) == [file]


def test_a_new_file_has_the_permissions_of_any_other(tmp_path: Path, umask: int) -> None:
    (tmp_path / "plain").touch()
    write_whole(tmp_path / "a.txt", "here")
    with whole_file(tmp_path / "weights") as temporary:
        save_file({"x": torch.zeros(1)}, temporary)  # which makes a private file
    assert mode(tmp_path / "plain") == 0o640
    assert mode(tmp_path / "a.txt") == mode(tmp_path / "weights") == 0o640


@pytest.mark.parametrize("permissions", [0o600, 0o664, 0o444])
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path, permissions: int) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")
    file.chmod(permissions)
    write_whole(file, "new")
    assert file.read_text() == "new"
    assert mode(file) == permissions


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


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 127, "🙂" * 63])
def test_the_longest_names_are_no_hindrance(tmp_path: Path, name: str) -> None:
    write_whole(tmp_path / name, "here")
    write_whole(tmp_path / name, "there")
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "there"


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    name = "x" * 256
    with pytest.raises(OSError, match=r"name too long: .*xxxx"), whole_file(tmp_path / name):
        pytest.fail("work was done")
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "disk" / "real.txt", tmp_path / "link.txt"
    real.parent.mkdir()
    real.write_text("old")
    link.symlink_to("disk/real.txt")
    write_whole(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    real.unlink()
    write_whole(link, "newer")  # a link to nothing yet
    assert link.is_symlink()
    assert real.read_text() == "newer"


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[str] = []
    listener = threading.Thread(target=lambda: heard.append(pipe.read_text()), daemon=True)
    listener.start()
    write_whole(pipe, "through it")
    listener.join(timeout=10)
    assert heard == ["through it"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    write_whole(Path(os.devnull), "gone")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_place_that_cannot_be_written_is_named_before_any_work(tmp_path: Path) -> None:
    worked = False
    (tmp_path / "file").touch()
    for place, reason in ((tmp_path, "is a folder"), (tmp_path / "file" / "a", "file")):
        with pytest.raises(OSError, match=reason), whole_file(place):
            worked = True
    assert not worked
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
