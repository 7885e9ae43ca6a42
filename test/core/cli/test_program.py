# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from helpers.commands import run_unread
from llmseg_core.cli.program import INTERRUPTED, USER_ERROR, run_program


def raising(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def test_the_code_of_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert [run_program("some", lambda code=code: code) for code in (0, 1, 2)] == [0, 1, 2]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("steps is 0"), "some: steps is 0"),
        (FileNotFoundError(2, "No such file", "x.png"), "some: [Errno 2] No such file: 'x.png'"),
        (OSError("many\n  lines,\n\nand blanks  within"), "some: many lines, and blanks  within"),
        (ValueError(), "some: ValueError"),
        (BrokenPipeError(32, "of another pipe"), "some: [Errno 32] of another pipe"),
        (
            ModuleNotFoundError("No module named 'peft'", name="peft"),
            "some: needs peft: pip install -r requirements-training.txt, in the source folder",
        ),
    ],
)
def test_a_users_error_is_one_line(
    error: BaseException, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program("some", raising(error)) == USER_ERROR
    assert capsys.readouterr().err == f"{line}\n"


def test_an_interruption_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program("some", raising(KeyboardInterrupt())) == INTERRUPTED
    assert capsys.readouterr().err == "some: interrupted\n"


@pytest.mark.parametrize("error", [RuntimeError("a fault"), SystemExit(2)])
def test_faults_of_the_program_and_its_own_exits_stay(error: BaseException) -> None:
    with pytest.raises(type(error)):
        run_program("some", raising(error))


def program(*lines: str) -> list[str]:
    """The command of a small program whose work these lines are."""
    body = "".join(f"    {line}\n" for line in lines)
    start = "import sys, time\nfrom llmseg_core.cli.program import run_program\n"
    end = "sys.exit(run_program('some', work))\n"
    return [sys.executable, "-c", f"{start}def work():\n{body}{end}"]


@pytest.mark.parametrize(
    "lines",
    [
        ("print('few words')", "return 0"),
        ("for _ in range(9999): print('many words')", "return 0"),
        ("print('few words', flush=True)", "return 0"),
        ("print('help')", "raise SystemExit(0)"),
    ],
)
@pytest.mark.parametrize("buffered", [True, False])
def test_output_that_nobody_reads(
    lines: Sequence[str], buffered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "" if buffered else "1")
    code, error = run_unread(*program(*lines))
    assert (code, error) == (141, "some: stopped, because its output is not read any more\n")


def test_another_pipe_that_nobody_reads() -> None:
    lines = ("import os", "read, write = os.pipe()", "os.close(read)", "os.write(write, b'x')")
    done = subprocess.run(program(*lines), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "some: [Errno 32] Broken pipe\n")


def test_an_error_beside_output_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "")
    code, error = run_unread(*program("print('few words')", "raise ValueError('wrong')"))
    assert (code, error) == (2, "some: wrong\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_output_that_cannot_be_written() -> None:
    with Path("/dev/full").open("w") as full:
        command = program("print('few words')", "return 0")
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("some: [Errno 28]")
    assert done.stderr.count("\n") == 1


def test_ctrl_c() -> None:
    command = program("print('ready', flush=True)", "time.sleep(60)", "return 0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (130, b"some: interrupted\n")
