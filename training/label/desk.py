# SPDX-License-Identifier: Apache-2.0
"""One thread that computes, what somebody waits for before what can wait."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["Desk"]

T = TypeVar("T")
WAIT_S = 0.5
"""seconds after which the thread looks again whether there is work for spare time"""


class Desk:
    """Does one piece of work at a time, in the order in which it was asked for.

    Args:
        spare: done, piece by piece, while nobody asks; says whether it has done something.
    """

    def __init__(self, spare: Callable[[], bool]) -> None:
        self._spare = spare
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="llmseg_label", daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[], T]) -> Future[T]:
        """Have something done; whoever no longer waits cancels the future."""
        future: Future[T] = Future()
        self._work.put((future, work))
        return future

    def close(self, timeout_s: float) -> bool:
        """Do nothing more; says whether the thread has ended within so many seconds."""
        self._closed = True
        self._work.put((Future(), lambda: None))
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        idle = False
        while not self._closed:
            with suppress(queue.Empty):
                future, work = self._work.get(timeout=WAIT_S if idle else 0.001)
                idle = False
                if future.set_running_or_notify_cancel():
                    _settle(future, work)
                continue
            idle = not self._spare()


def _settle(future: Future[Any], work: Callable[[], Any]) -> None:
    try:
        result = work()
    except Exception as error:  # told to whoever asked
        future.set_exception(error)
    else:
        future.set_result(result)
