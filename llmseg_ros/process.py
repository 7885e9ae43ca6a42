# SPDX-License-Identifier: Apache-2.0
"""How the processes of this package begin and end.

An `Executable` is what a script or `python -m` starts. It listens to signals before it imports
anything, so that a process ends by SIGINT and SIGTERM at any moment: while PyTorch is imported,
while a model is loaded, while a slow inference runs. What a user got wrong is one line on stderr.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from types import FrameType, ModuleType
from typing import NoReturn

from llmseg_core.runtime.freed_memory import share_one_heap

__all__ = ["Executable", "StartError", "StopSignals"]

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
FAILED, MISUSED = 1, 2
"""exit statuses: something is missing or wrong; the command line is wrong"""

FROM_ROS = frozenset(
    {"rclpy", "ament_index_python", "builtin_interfaces", "diagnostic_msgs", "lifecycle_msgs"}
    | {"rcl_interfaces", "sensor_msgs", "std_msgs", "llmseg_ros.msg", "llmseg_ros.srv"}
)
"""modules that pip does not bring"""


class StartError(RuntimeError):
    """What keeps a process from its work: one sentence for whoever started it."""

    def __init__(self, text: str, status: int = FAILED) -> None:
        """Holds the sentence and the exit status, `FAILED` or `MISUSED`."""
        super().__init__(text)
        self.status = status


class StopSignals:
    """SIGINT and SIGTERM, which ask the process to end; one object a process.

    The first signal counts, and the others change nothing: a terminal and `ros2 launch` both send
    one. No exception is raised in the midst of anything. A thread waits for signals, because the
    main thread may be in a call that no signal interrupts. It ends the process at once, until
    `end_in_order` has said how that is to be done; from then on it gives the process its time.

    Attributes:
        status: exit status of a process that was asked to end.
        requested: whether a signal has come.
    """

    def __init__(self, status: int = 0, patience_s: float = 0.8) -> None:
        """Does nothing yet; `patience_s` is how long an end in order may take, in seconds."""
        self.status = status
        self.requested = False
        self._patience_s: float | None = patience_s
        self._wake: Callable[[], object] | None = None
        self._interrupts = False

    def watch(self) -> None:
        """Listens from now on; to be called in the main thread, once."""
        read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_signal)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        os.register_at_fork(after_in_child=_default_signals)
        waiting = threading.Thread(
            target=self._wait, args=(read_end,), name="llmseg_signals", daemon=True
        )
        waiting.start()

    def end_in_order(self, wake: Callable[[], object] = lambda: None) -> None:
        """Says that the main thread looks at `requested` from now on, and then ends by itself.

        Args:
            wake: makes it look; is called in another thread, at once if a signal has come already.
        """
        self._interrupts = False
        self._wake = wake
        if self.requested:
            wake()

    def interrupt_main(self) -> None:
        """Has the first signal raise KeyboardInterrupt in the main thread, for as long as it takes.

        For a program that cleans up after itself wherever it is, and calls nothing that hides it.
        """
        self._patience_s = None
        self.end_in_order()
        self._interrupts = True

    def ignore(self) -> None:
        """Ignores signals, for the last moments of the interpreter."""
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """In the main thread; that it is a Python function has the number written to the pipe."""
        self.requested = True  # before a library hides what is raised behind its own exception
        if self._interrupts:
            self._interrupts = False
            raise KeyboardInterrupt

    def _wait(self, read_end: int) -> None:
        while not self._is_ours(os.read(read_end, 1)[0]):
            pass  # another signal, or a server's own way to end
        self.requested = True
        if self._wake is None:
            os._exit(self.status)
        with suppress(Exception):  # it may be ending by itself just now
            self._wake()
        if self._patience_s is not None:
            time.sleep(self._patience_s)
            os._exit(self.status)

    def _is_ours(self, number: int) -> bool:
        return number in STOP_SIGNALS and signal.getsignal(number) == self._on_signal


@dataclass(frozen=True)
class Executable:
    """A program of this package.

    Attributes:
        name: what people type, for messages.
        module: has `main(arguments, stop)`, which returns the exit status.
        help_module: has `help_text()`; empty where `main` reads its command line itself. With it,
            the program takes no other arguments than those of ROS.
        interrupted: exit status after SIGINT and SIGTERM.
        patience_s: seconds that an end in order may take after a signal.
        first_line: what is said before `module` is imported, where that takes long; may be empty.
    """

    name: str
    module: str
    help_module: str = ""
    interrupted: int = 0
    patience_s: float = 0.8
    first_line: str = ""

    def run(self) -> NoReturn:
        """Runs the program with the process's arguments, and ends the process.

        The interpreter is not taken down in order: a thread that loads or infers may still run,
        and PyTorch's libraries do not bear that their memory goes meanwhile.
        """
        share_one_heap()
        stop = StopSignals(self.interrupted, self.patience_s)
        stop.watch()
        status = self._status(sys.argv[1:], stop)
        gc.collect()  # a node takes its leave from the others when nothing refers to it any more
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # nobody reads it any more, or it is closed
                stream.flush()
        os._exit(status)

    def _status(self, arguments: list[str], stop: StopSignals) -> int:
        try:
            if self.help_module:
                own = own_arguments(arguments)
                if {"-h", "--help"} & set(own):
                    print(_imported(self.help_module).help_text())
                    return 0
                if own:
                    raise StartError(
                        f"it takes no argument {own[0]!r}: what follows --ros-args is for ROS, and "
                        "--ros-args -p NAME:=VALUE sets a parameter (--help lists them)",
                        MISUSED,
                    )
            if self.first_line:
                print(f"{self.name}: {self.first_line}", flush=True)
            gc.disable()  # what is imported stays; looking through it takes a fifth of the time
            program = _imported(self.module)
            gc.freeze()  # collecting takes milliseconds then, not tenths of seconds
            gc.enable()
            status = program.main(arguments, stop)
        except StartError as error:
            print(f"{self.name}: {error}", file=sys.stderr)
            status = error.status
        except SystemExit as end:  # argparse
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            if not stop.requested:
                traceback.print_exc()
            status = FAILED
        return stop.status if stop.requested else status


def own_arguments(arguments: Sequence[str]) -> list[str]:
    """The arguments that are not for ROS: those outside of `--ros-args ... --`."""
    own: list[str] = []
    for_ros = False
    for argument in arguments:
        if argument == "--ros-args":
            for_ros = True
        elif for_ros:
            for_ros = argument != "--"
        else:
            own.append(argument)
    return own


def _imported(name: str) -> ModuleType:
    """The module; raises `StartError` with what is missing."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        top = str(error.name).partition(".")[0]
        missing = str(error.name) if top == "llmseg_ros" else top
        remedy = (
            "source a ROS 2 distribution and the workspace in which colcon built this package"
            if missing in FROM_ROS
            else "build it with colcon build --cmake-args -DLLMSEG_VENV=ON, or pip install -r "
            "requirements-inference.txt into the virtual environment that is active"
        )
        raise StartError(f"it needs {missing}: {remedy}") from error
    except (ImportError, OSError) as error:  # a library that does not fit
        raise StartError(f"it cannot import {name}: {' '.join(str(error).split())}") from error


def _default_signals() -> None:
    """Takes a forked process out: what it is sent is not meant for this one."""
    with suppress(ValueError):  # forked outside of the main thread
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
