# SPDX-License-Identifier: Apache-2.0
"""Errors that may come with every frame: each kind is logged once, and never too many."""

from __future__ import annotations

import re
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

__all__ = ["ErrorLog", "LastError", "shortened"]

MOST_KINDS = 200
"""kinds of errors that are remembered as logged; the one that came least recently is forgotten"""

BURST = 20
"""lines that may be logged at once"""

REFILL_S = 10.0
"""seconds after which one more line may be logged"""

MOST_CHARACTERS = 500
"""of an error's text"""

MOST_DETAIL = 4000
"""characters of its detail"""

VALUES = re.compile(
    r"""(?<!\w)'(?:[^'\\]|\\.)*'(?!\w)(?:\.\.\.)?"""  # quoted text
    r"""|(?<!\w)"(?:[^"\\]|\\.)*"(?!\w)(?:\.\.\.)?"""
    r"""|(?<!\w)['"].*?\.\.\."""  # cut before its end
    r"|0x[0-9a-fA-F]+|(?:(?<![\w.])[+-])?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"  # a sign, no hyphen
)
"""what tells two errors of one kind apart"""


class Logger(Protocol):
    """What is needed of a node's logger."""

    def error(self, message: str) -> object:
        """Logs an error."""

    def warning(self, message: str) -> object:
        """Logs a warning."""


@dataclass(frozen=True)
class LastError:
    """The newest error, logged or not."""

    text: str
    at: float  # time.monotonic()


class ErrorLog:
    """Logs each kind of error once for its source, and remembers the newest; for any thread.

    Two errors are of one kind if they differ in numbers and quoted values only: an image's width or
    an instruction does not make another error. Whatever comes, memory and the lines a minute are
    limited.
    """

    def __init__(self, logger: Logger) -> None:
        """Makes an empty log that writes to `logger`."""
        self._logger = logger
        self._lock = threading.Lock()  # guards all that follows
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._last: LastError | None = None
        self._lines_left = float(BURST)
        self._counted_at = time.monotonic()
        self._left_out = 0

    @property
    def last(self) -> LastError | None:
        """The newest error; None if there was none since the start or `clear`."""
        return self._last

    def remember(self, source: str, reason: str) -> str:
        """Notes that something failed, without logging it; returns the text of the error."""
        text = shortened(f"{source}: {reason}")
        with self._lock:
            self._last = LastError(text, time.monotonic())
        return text

    def report(self, source: str, reason: str, detail: str = "") -> None:
        """Notes and logs that something failed.

        Args:
            source: where it failed, such as a topic.
            reason: why; reasons from the same source that differ in numbers and quoted values only
                are logged once.
            detail: what only the log shows, such as a traceback.
        """
        if line := self._line(self.remember(source, reason), source, reason):
            self._logger.error(line + (f"\n{detail[-MOST_DETAIL:]}" if detail else ""))

    def report_exception(self, source: str, error: Exception) -> None:
        """Notes and logs an exception, with its traceback."""
        detail = "".join(traceback.format_exception(error))
        self.report(source, f"{type(error).__name__}: {error}", detail)

    def warn(self, source: str, reason: str) -> None:
        """Logs what is no failure of the node, such as a caller's mistake; it is not remembered."""
        if line := self._line(shortened(f"{source}: {reason}"), source, reason):
            self._logger.warning(line)

    def guard(self, source: str, callback: Callable[..., object]) -> Callable[..., None]:
        """The callback, with exceptions that become entries of this log."""

        def guarded(*arguments: object) -> None:
            try:
                callback(*arguments)
            except Exception as error:
                self.report_exception(source, error)

        return guarded

    def clear(self) -> None:
        """Forgets all errors: each is logged again when it comes."""
        with self._lock:
            self._known.clear()
            self._last = None

    def _line(self, text: str, source: str, reason: str) -> str:
        """The line to log; empty if there is to be none."""
        kind = source, shortened(VALUES.sub("#", reason))
        with self._lock:
            if kind in self._known:
                self._known.move_to_end(kind)
                return ""
            now = time.monotonic()
            refilled = self._lines_left + (now - self._counted_at) / REFILL_S
            self._lines_left, self._counted_at = min(float(BURST), refilled), now
            if self._lines_left < 1:
                self._left_out += 1
                return ""
            self._lines_left -= 1
            self._known[kind] = None
            if len(self._known) > MOST_KINDS:
                self._known.popitem(last=False)
            left_out, self._left_out = self._left_out, 0
        if left_out:
            return f"{text} (logged once; {left_out} errors before it were too many to be logged)"
        return f"{text} (logged once)"


def shortened(text: str) -> str:
    """The text, or its beginning with the number of all its characters."""
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]}... ({len(text)} characters)"
