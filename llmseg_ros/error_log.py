# SPDX-License-Identifier: Apache-2.0
"""Errors that may come with every frame, logged once each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["ErrorLog", "LastError"]

MOST_ENTRIES = 100
"""different errors that are logged; a reason may hold values that differ each time"""


@dataclass(frozen=True)
class LastError:
    """The newest error, logged or not."""

    text: str
    at: float  # time.monotonic()


class ErrorLog:
    """Logs each error once for its source, and remembers the newest; for any thread."""

    def __init__(self, log: Callable[[str], object]) -> None:
        """Makes an empty log that writes with `log`."""
        self._log = log
        self._known: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._last: LastError | None = None

    @property
    def last(self) -> LastError | None:
        """The newest error; None if there was none since the start or `clear`."""
        return self._last

    def remember(self, source: str, reason: str) -> str:
        """Notes that something failed, without logging it; returns the text of the error."""
        text = f"{source}: {reason}"
        with self._lock:
            self._last = LastError(text, time.monotonic())
        return text

    def report(self, source: str, reason: str, detail: str = "") -> None:
        """Notes and logs that something failed.

        Args:
            source: where it failed, such as a topic.
            reason: why; the same reason from the same source is logged once.
            detail: what only the log shows, such as a traceback.
        """
        text = self.remember(source, reason)
        with self._lock:
            if (source, reason) in self._known or len(self._known) > MOST_ENTRIES:
                return
            self._known.add((source, reason))
            last_entry = len(self._known) > MOST_ENTRIES
        if last_entry:
            self._log(f"more than {MOST_ENTRIES} different errors: see /diagnostics for the newest")
        else:
            self._log(f"{text} (logged once)" + (f"\n{detail}" if detail else ""))

    def clear(self) -> None:
        """Forgets all errors: each is logged again when it comes."""
        with self._lock:
            self._known.clear()
            self._last = None
