# SPDX-License-Identifier: Apache-2.0
"""How programs end: an exit code, and one line on stderr where something is wrong."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress

__all__ = ["INTERRUPTED", "UNREAD", "USER_ERROR", "missing_package", "run_program"]

USER_ERROR = 2
"""A wrong argument or file, or a package that is not installed."""
INTERRUPTED = 130
"""Ctrl-C: 128 + SIGINT."""
UNREAD = 141
"""Whoever read the output has gone, as `| head -1` does: 128 + SIGPIPE."""


def run_program(name: str, work: Callable[[], int]) -> int:
    """Do the work of a program, and turn every end that a user can cause into a line and a code.

    Args:
        name: of the program, before the line: "llmseg segment".
        work: returns the exit code. ValueError, OSError, a missing package, Ctrl-C and a reader of
            the output that goes become one line on stderr; every other exception is a fault of the
            program and stays what it is.

    Returns:
        The exit code: that of `work`, `USER_ERROR`, `INTERRUPTED` or `UNREAD`.
    """
    try:
        try:
            code = work()
        except SystemExit:  # argparse has said what it had to
            _flush()
            raise
        _flush()
        return code
    except KeyboardInterrupt:
        line, code = "interrupted", INTERRUPTED
    except ModuleNotFoundError as error:
        line, code = missing_package(error.name or str(error)), USER_ERROR
    except (ValueError, OSError) as error:
        line, code = str(error) or type(error).__name__, USER_ERROR
        if isinstance(error, BrokenPipeError) and _is_unread():
            line, code = "stopped, because its output is not read any more", UNREAD
    line = " ".join(part.strip() for part in line.splitlines() if part.strip())
    _drop_unwritten()
    with suppress(OSError):
        print(f"{name}: {line}", file=sys.stderr, flush=True)
    return code


def missing_package(name: str) -> str:
    """What to do about a package that is not installed."""
    return f"needs {name}: pip install -r requirements-training.txt, in the source folder"


def _flush() -> None:
    """Write now what was printed: at the end of the process an error would have no handler."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _is_unread() -> bool:
    """Whether standard output is a pipe that nobody reads; the broken one may be another."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), select.POLLOUT)
    except OSError:  # no file at all, as in a test
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _drop_unwritten() -> None:
    """Let go of what cannot be written, or Python would try again when it ends, and complain."""
    try:
        _flush()
    except OSError:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
