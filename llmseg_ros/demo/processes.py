# SPDX-License-Identifier: Apache-2.0
"""Child processes that never outlive the demonstration."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType

from llmseg_core.runtime.child_process import die_with_parent

__all__ = ["ProcessDied", "Processes"]

LOG_LINES = 15
STOP_SIGNALS = ((signal.SIGINT, 2.0), (signal.SIGKILL, 2.0))
"""what a group is sent, and how many seconds it has to end before the next"""


class ProcessDied(RuntimeError):
    """A process ended by itself."""


class Processes:
    """Starts Python modules, each in a process group of its own, and stops them all at the end.

    A context manager. Should this process be killed, the system ends the others.
    """

    def __init__(self, log_folder: Path) -> None:
        """Makes an empty set of processes, whose output goes to files in `log_folder`."""
        self._log_folder = log_folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, module: str, arguments: Sequence[str]) -> None:
        """Starts `python -m module arguments`; its output goes to the file NAME.log."""
        with self._log(name).open("wb") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(die_with_parent, os.getpid()),
            )

    def check(self) -> None:
        """Raises `ProcessDied` with the end of its output if a process ended by itself."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                log, lines = self._log(name), self.output(name).splitlines()
                raise ProcessDied(
                    f"{name} ended with status {process.returncode}; the end of {log}:\n"
                    + "\n".join(lines[-LOG_LINES:])
                )

    def output(self, name: str) -> str:
        """What a process has written so far."""
        return self._log(name).read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            for stop, patience_s in STOP_SIGNALS:
                if self._stop(stop, patience_s):
                    return
        finally:  # also if another Ctrl-C comes meanwhile
            self._signal(signal.SIGKILL)

    def _stop(self, stop: signal.Signals, patience_s: float) -> bool:
        """Sends a signal to all groups; whether all processes ended in time."""
        self._signal(stop)
        end = time.monotonic() + patience_s
        for process in self._processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, end - time.monotonic()))
        return all(process.poll() is not None for process in self._processes.values())

    def _signal(self, stop: signal.Signals) -> None:
        for process in self._processes.values():
            with suppress(ProcessLookupError):  # nobody of the group is left
                os.killpg(process.pid, stop)

    def _log(self, name: str) -> Path:
        return self._log_folder / f"{name}.log"
