# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from llmseg_core.runtime import whole_folder
from llmseg_core.runtime.whole_folder import written_whole


def write(directory: Path, text: str) -> None:
    with written_whole(directory, "mark.txt") as folder:
        (folder / "mark.txt").write_text(text)


@pytest.fixture(params=["exchange", "two steps"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to let folders change places."""
    if request.param == "two steps":
        monkeypatch.setattr(whole_folder.ctypes, "CDLL", lambda name: object())


@pytest.mark.usefixtures("way")
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


def test_the_name_stands_for_a_folder_at_every_moment(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    write(target, "one")

    def again() -> None:
        for _ in range(40):
            write(target, "two")

    writers = [threading.Thread(target=again) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert target.is_dir()
    for writer in writers:
        writer.join()
    assert (target / "mark.txt").read_text() == "two"
    assert list(tmp_path.iterdir()) == [target]


def test_several_make_the_same_folder(tmp_path: Path) -> None:
    for number in range(20):
        target = tmp_path / str(number)
        begin = threading.Barrier(3)

        def make(text: str, target: Path = target, begin: threading.Barrier = begin) -> str:
            begin.wait()
            write(target, text)
            return text

        with ThreadPoolExecutor(3) as pool:
            texts = list(pool.map(make, "abc"))
        assert texts == list("abc")  # none of them failed
        assert (target / "mark.txt").read_text() in texts
    assert len(list(tmp_path.iterdir())) == 20


def test_other_folders_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match=r"holds no mark\.txt: it is not replaced"):
        write(tmp_path, "one")
    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_a_folder_that_others_filled_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "folder"

    def late() -> None:
        with written_whole(target, "mark.txt") as folder:
            (folder / "mark.txt").touch()
            target.mkdir()
            (target / "letter.txt").write_text("dear")

    with pytest.raises(ValueError, match="is not replaced"):
        late()
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "letter.txt"]


@pytest.mark.usefixtures("way")
def test_empty_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty", "one")
    assert (tmp_path / "empty" / "mark.txt").is_file()


@pytest.mark.usefixtures("way")
def test_a_link_stays_and_its_folder_is_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "disk" / "real", tmp_path / "link"
    write(real, "one")
    link.symlink_to("disk/real")
    write(link, "two")
    assert link.is_symlink()
    assert (real / "mark.txt").read_text() == "two"
    assert list(real.parent.iterdir()) == [real]


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 127])
def test_the_longest_names_are_no_hindrance(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, "one")
    write(tmp_path / name, "two")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_files_have_the_permissions_of_any_other(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with written_whole(tmp_path / "model", "mark.txt") as folder:
            (folder / "mark.txt").touch()
            (folder / "part").mkdir()
            save_file({"x": torch.zeros(1)}, folder / "part" / "weights")  # a private file
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in sorted(tmp_path.rglob("*"))}
    assert modes == {"model": 0o750, "mark.txt": 0o640, "part": 0o750, "weights": 0o640}


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        write(tmp_path / "file" / "model", "one")
    with pytest.raises(ValueError, match="is not replaced"):
        write(tmp_path / "file", "one")
