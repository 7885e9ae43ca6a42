# SPDX-License-Identifier: Apache-2.0
"""Every result of a camera to the one who follows it by an action, at most one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field

from llmseg_ros.messages.outputs import PublishedAnswer
from llmseg_ros.messages.place_messages import place_messages
from llmseg_ros.msg import SegmentationResult

__all__ = ["Followed", "GoalOutput"]


@dataclass(eq=False)
class Followed:
    """What somebody follows.

    Attributes:
        instruction: what is followed.
        on_result: gets every result, in the thread that publishes.
        end: gets the reason why no result comes any more.
        last: the newest result; None if none came.
    """

    instruction: str
    on_result: Callable[[SegmentationResult], None]
    end: Future[None] = field(default_factory=Future)
    last: SegmentationResult | None = None

    def stop(self, error: Exception) -> None:
        """Ends it with that reason, unless it has ended."""
        with suppress(InvalidStateError):
            self.end.set_exception(error)


class GoalOutput:
    """An output of a camera; see `Output`."""

    def __init__(self) -> None:
        """Nobody follows yet."""
        self._lock = threading.Lock()  # guards what is followed
        self._followed: Followed | None = None

    def begin(self, followed: Followed) -> None:
        """Gives results to this one from now on; the former one ends."""
        self.end(RuntimeError(f"superseded by a goal that follows {followed.instruction!r}"))
        with self._lock:
            self._followed = followed

    def end(self, error: Exception) -> None:
        """Ends what is followed, with that reason."""
        with self._lock:
            followed, self._followed = self._followed, None
        if followed is not None:
            followed.stop(error)

    @property
    def followed(self) -> Followed | None:
        """What is followed; None if nothing is."""
        with self._lock:
            return self._followed

    def is_heard(self) -> bool:
        """Whether somebody follows."""
        return self.followed is not None

    def publish(self, answer: PublishedAnswer) -> None:
        """Gives the result of an answer to whoever follows what it is about."""
        followed = self.followed
        if followed is not None and followed.instruction == answer.result.instruction:
            answer.result.places = place_messages(answer.places)
            followed.last = answer.result
            followed.on_result(answer.result)

    def destroy(self) -> None:
        """Ends what is followed."""
        self.end(RuntimeError("the node gives no answers any more"))
