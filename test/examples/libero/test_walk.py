# SPDX-License-Identifier: Apache-2.0
"""Every command of docs/libero.md, on few scenes and for few steps, with the real simulation."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from llmseg_ros.own_domain import own_network
from llmseg_training.data import open_data

ROOT = Path(__file__).resolve().parents[3]
LIBERO = ROOT / ".venv-libero" / "bin" / "python"
PAGE = (ROOT / "docs" / "libero.md").read_text("utf-8")
PROGRAMS = ("llmseg", "python", ".venv-libero/bin/python")
COMMANDS = [
    line.strip()
    for line in PAGE.splitlines()
    if line.startswith(tuple(f"    {p} " for p in PROGRAMS))
]
FEWER = {
    "examples.libero.record": ["--tasks", "1", "--shots", "2"],
    "train-proposals": ["--steps", "2"],
    "train-encoder": ["--steps", "2"],
    "train": [
        f"--set={each}" for each in ("steps=2", "warmup_steps=1", "validate_steps=1", "questions=2")
    ],
    "evaluate": ["--samples", "2"],
}
LIVE = ("examples.libero.cameras", "llmseg_ros.node")
"""what goes on running in a terminal of its own"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) == 16
    assert all(name in PAGE for name in (*FEWER, *LIVE))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the page's commands can be typed: `examples` is there, `build` is empty."""
    if not LIBERO.exists():
        pytest.skip("LIBERO is not installed: make libero")
    folder = tmp_path_factory.mktemp("walk")
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


def arguments_of(command: str) -> list[str]:
    """A command of the page as it is run here."""
    program, *rest = shlex.split(command)
    own = {
        "llmseg": [sys.executable, "-m", "llmseg_core.cli"],
        "python": [sys.executable],
        ".venv-libero/bin/python": [str(LIBERO)],
    }
    return [*own[program], *rest, *(FEWER.get(rest[1] if rest[0] == "-m" else rest[0], []))]


def environment() -> dict[str, str]:
    """Of the programs; the two environments have a ROS of their own each."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("_ROS_WHEELS")}
    own.pop("LD_LIBRARY_PATH", None)
    return own | own_network()


@contextmanager
def running(command: str, place: Path) -> Iterator[None]:
    """A program that goes on, until it is no longer needed."""
    log = place / f"{shlex.split(command)[2]}.log"
    with log.open("w") as output:
        program = subprocess.Popen(
            arguments_of(command), cwd=place, env=environment(), stdout=output, stderr=output
        )
        try:
            time.sleep(1)
            assert program.poll() is None, log.read_text()
            yield
            assert program.poll() is None, log.read_text()
        finally:
            program.terminate()
            program.wait(timeout=60)


def done(command: str, place: Path) -> str:
    """What a command says; it must succeed."""
    finished = subprocess.run(
        arguments_of(command), cwd=place, env=environment(), capture_output=True, text=True
    )
    assert finished.returncode == 0, f"{command}\n{finished.stdout}\n{finished.stderr}"
    return finished.stdout


def test_every_command_runs(place: Path) -> None:
    live = [command for command in COMMANDS if any(name in command for name in LIVE)]
    asked = [command for command in COMMANDS if "libero.ask" in command]
    for command in COMMANDS:
        if command not in live + asked:
            done(command, place)
    build = place / "build" / "libero"
    assert len(open_data(build / "train")) == len(open_data(build / "val")) == 4
    assert (build / "robot" / "best" / "llmseg.yaml").is_file()
    assert (build / "after" / "report.json").is_file()
    cameras, node = live
    with running(cameras, place), running(node, place):
        answers = [done(f"{command} --wait 600", place) for command in asked]
    for answer in answers:
        assert re.match(
            r"the alphabet soup: found (True|False), confidence [01]\.\d\d, IoU", answer
        )


def test_a_recording_goes_on_where_it_stopped(place: Path) -> None:
    record = f"{LIBERO} -m examples.libero.record rec --split val --tasks 1 --shots"
    for shots in (1, 2, 2):
        said = subprocess.run(
            shlex.split(f"{record} {shots}"), cwd=place, env=environment(), capture_output=True,
            text=True, check=True,
        ).stdout  # fmt: skip
        made = {path.name: path.stat().st_mtime_ns for path in (place / "rec").rglob("*.json")}
    assert ": 0 recorded" in said
    assert sorted(made) == ["0000.json", "0001.json"]


def test_a_varied_recording_has_guests_and_can_be_made_again(place: Path) -> None:
    command = "-m examples.libero.record {} --split train --tasks 1 --shots 3 --vary"
    for folder in ("once", "again"):
        subprocess.run(
            [str(LIBERO), *command.format(folder).split()], cwd=place, env=environment(), check=True
        )
    made = sorted(path.relative_to(place / "once") for path in (place / "once").rglob("*.*"))
    assert len(made) == 3 * 7
    for file in made:
        assert (place / "once" / file).read_bytes() == (place / "again" / file).read_bytes(), file
    things = [
        json.loads(file.read_text())["things"] for file in sorted(place.glob("once/*/*.json"))
    ]
    guests = [[name for name in each if "_guest" in name] for each in things]
    assert [len(each) for each in guests] == [0, 0, 3]
    stood = np.array([things[2][name]["low"][:2] for name in guests[2]])
    assert np.abs(stood).max() < 1  # metres: they came in from where they waited
