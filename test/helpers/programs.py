# SPDX-License-Identifier: Apache-2.0
"""The project's programs as processes of their own, and signals to them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"
NODE = [sys.executable, str(SCRIPTS / "llmseg_node")]
CAMERA = [sys.executable, str(SCRIPTS / "llmseg_camera")]
COMMAND_LINE = [sys.executable, str(SCRIPTS / "llmseg")]
DEMO = [sys.executable, "-m", "llmseg_ros.demo"]
ASK = [sys.executable, "-m", "llmseg_ros.demo.ask"]

START_S = 120.0
"""seconds that a program may take to come to a point, on a busy machine"""


class Program:
    """A running program, with its output in a file."""

    def __init__(self, command: Sequence[str], output: Path) -> None:
        """Starts it; it gets signals as from a terminal."""
        self._output = output
        with output.open("wb") as file:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                # A shell's background job ignores Ctrl-C, and its children inherit that.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has written so far, to stdout and stderr."""
        return self._output.read_text(errors="replace")

    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Waits for something while it runs."""
        end = time.monotonic() + START_S
        while not condition():
            assert self.is_running(), f"ended with {self._process.returncode}:\n{self.output}"
            assert time.monotonic() < end, self.output
            time.sleep(0.005)

    def wait_for(self, text: str) -> None:
        """Waits until it has written `text`."""
        self.wait_until(lambda: text in self.output)

    def wait_until_it_listens(self) -> None:
        """Waits until SIGTERM is caught: the first thing that a program does, before it imports."""
        status = Path(f"/proc/{self.pid}/status")

        def listens() -> bool:
            caught = next(line for line in status.read_text().splitlines() if "SigCgt" in line)
            return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)

        self.wait_until(listens)

    def send(self, *signals: signal.Signals) -> None:
        """Sends signals, 30 ms apart."""
        for number, one in enumerate(signals):
            time.sleep(0.03 if number else 0.0)
            self._process.send_signal(one)

    def end(self, timeout_s: float = 60.0) -> int:
        """Waits for its end; returns the exit status."""
        return self._process.wait(timeout_s)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def programs(folder: Path) -> Iterator[Callable[..., Program]]:
    """Starts programs whose output goes to files in `folder`, and kills what is left."""
    started: list[Program] = []

    def start(*command: str) -> Program:
        started.append(Program(command, folder / f"program_{len(started)}.txt"))
        return started[-1]

    try:
        yield start
    finally:
        for program in started:
            program.kill()


def is_running(pid: int) -> bool:
    """Whether a process lives; one that only waits for its parent to notice its end does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # gone, before or while it is read
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
