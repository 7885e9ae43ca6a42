# SPDX-License-Identifier: Apache-2.0
"""Two real processes and one folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmseg_core.runtime.folder_lock import LOCK_FILE, FolderInUseError, locked

HOLD = """
import sys, time
from pathlib import Path
from llmseg_core.runtime.folder_lock import locked
with locked(Path(sys.argv[1]), wait=sys.argv[2] == "wait"):
    print("has it", flush=True)
    sys.stdin.readline()
    Path(sys.argv[1], "written").write_text(sys.argv[2])
"""


@contextmanager
def other(folder: Path, way: str = "refuse") -> Iterator[subprocess.Popen[str]]:
    """A process that has the folder, or waits for it, until it is told a line."""
    command = [sys.executable, "-c", HOLD, str(folder), way]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, **pipes)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until_it_has_it(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "has it\n"


def test_a_second_writer_is_refused_and_told_by_whom(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there yet"
    with other(folder) as process:
        wait_until_it_has_it(process)
        with pytest.raises(FolderInUseError) as error, locked(folder):
            pytest.fail("two processes had the folder")
        assert f"written by process {process.pid} on " in str(error.value)
        assert str(folder / LOCK_FILE) in str(error.value)
        with pytest.raises(FolderInUseError, match=f"process {process.pid} "), locked(folder):
            pytest.fail("two processes had the folder")
        process.communicate("\n", timeout=20)
        assert process.returncode == 0
    with locked(folder):
        assert (folder / "written").read_text() == "refuse"


def test_a_second_writer_waits_and_comes_after(tmp_path: Path) -> None:
    with locked(tmp_path), other(tmp_path, "wait") as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said == f"waiting for {(tmp_path / LOCK_FILE).read_text()} to finish {tmp_path}\n"
        assert f"process {os.getpid()} on" in said
        time.sleep(0.5)
        assert not (tmp_path / "written").exists()
        (tmp_path / "written").write_text("first")
    # The folder is free now; a process that waited is the next to write.
    with other(tmp_path, "wait") as process:
        wait_until_it_has_it(process)
        process.communicate("\n", timeout=20)
    assert (tmp_path / "written").read_text() == "wait"


def test_who_waited_gets_the_folder(tmp_path: Path) -> None:
    with other(tmp_path) as first:
        wait_until_it_has_it(first)
        with other(tmp_path, "wait") as second:
            assert second.stderr is not None
            assert f"process {first.pid} " in second.stderr.readline()
            first.communicate("\n", timeout=20)
            wait_until_it_has_it(second)
            assert (tmp_path / "written").read_text() == "refuse"
            second.communicate("\n", timeout=20)
    assert (tmp_path / "written").read_text() == "wait"


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_a_writer_that_dies_leaves_the_folder_free(tmp_path: Path, way: signal.Signals) -> None:
    with other(tmp_path) as process:
        wait_until_it_has_it(process)
        process.send_signal(way)
        process.wait(timeout=20)
        with locked(tmp_path):
            assert f"process {os.getpid()} on" in (tmp_path / LOCK_FILE).read_text()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.touch()
    with (
        pytest.raises(NotADirectoryError, match=r"recipe\.yaml is a file, it must be a folder"),
        locked(file),
    ):
        pass


def test_an_error_gives_the_folder_free(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError("x")
    with locked(tmp_path):
        pass
    assert (tmp_path / LOCK_FILE).read_text() == ""


def test_children_of_a_writer_do_not_keep_the_folder(tmp_path: Path) -> None:
    with locked(tmp_path):
        child = subprocess.Popen(["sleep", "60"])
    try:
        with locked(tmp_path):
            pass
    finally:
        child.kill()
        child.wait()
