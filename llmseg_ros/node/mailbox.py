# SPDX-License-Identifier: Apache-2.0
"""The mailbox of one camera: its newest frame and the instruction in force.

It knows what is to be answered next for its camera. A frame that still waits when a newer one comes
is dropped; a new instruction is answered on the frame encoded last if that is recent. It knows
nothing of ROS, and every method may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

from llmseg_core.config import SelectionConfig
from llmseg_ros.messages.frame import Frame

__all__ = ["Mailbox", "Statistics"]

REUSE_S = 1.0
"""seconds for which a new instruction is answered on the frame encoded last, though newer wait"""


@dataclass(frozen=True)
class Statistics:
    """Counts since the mailbox was made."""

    received: int = 0
    """frames put into the mailbox"""
    processed: int = 0
    """answers given, to the stream and to requests"""
    dropped: int = 0
    """frames replaced by a newer one before an instruction in force was answered on them"""
    failed: int = 0
    """answers that ended in an exception"""


class Mailbox:
    """Where the frames and the instruction of one camera wait for the inference thread."""

    def __init__(
        self,
        changed: threading.Condition,
        *,
        selection: SelectionConfig | None = None,
        max_rate_hz: float = 0.0,
    ) -> None:
        """Makes an empty mailbox.

        Args:
            changed: is notified of all that may be something to do; of a reentrant lock, which
                guards all mailboxes that one thread looks after.
            selection: the selection rule; None is the model's own.
            max_rate_hz: the most frames of the stream that are encoded in a second; 0 is no limit.
        """
        self._selection = selection
        self._max_rate_hz = max_rate_hz
        self._changed = changed  # guards all that follows
        self._instruction = ""
        self._question_is_new = False
        self._newest: Frame | None = None
        self._newest_was_taken = True
        self._unanswered: Frame | None = None  # taken, and neither answered nor failed as yet
        self._encoded: Frame | None = None
        self._encoded_at = 0.0  # time.monotonic()
        self._next_encode_at = 0.0  # time.monotonic(), by the rate limit
        self._is_wanted = True
        self._statistics = Statistics()

    def submit(self, frame: Frame) -> None:
        """Puts `frame` in; a frame that still waits is dropped."""
        with self._changed:
            dropped = self.is_asked and not self._newest_was_taken
            self._newest, self._newest_was_taken = frame, False
            self._add(received=1, dropped=int(dropped))
            self._changed.notify_all()

    def want(self, is_wanted: bool) -> None:
        """Says whether anybody wants answers to the instruction in force; at first somebody does.

        While nobody does, nothing is worked on but requests, and no frame counts as dropped.
        """
        with self._changed:
            if is_wanted != self._is_wanted:
                self._is_wanted = is_wanted
                self._changed.notify_all()

    @property
    def is_wanted(self) -> bool:
        """Whether anybody wants answers to the instruction in force."""
        with self._changed:
            return self._is_wanted

    @property
    def is_asked(self) -> bool:
        """Whether an instruction is in force, and somebody wants answers to it."""
        with self._changed:
            return bool(self._instruction) and self._is_wanted

    def instruct(self, instruction: str) -> None:
        """Puts `instruction` in force until the next one; an empty one ends answering.

        The instruction that is in force already is answered again, unless a frame waits that will
        be answered by it anyway.
        """
        with self._changed:
            is_new = instruction != self._instruction or self._newest_was_taken
            self._instruction = instruction
            self._question_is_new = bool(instruction) and (is_new or self._question_is_new)
            self._changed.notify_all()

    def configure(self, selection: SelectionConfig | None, max_rate_hz: float) -> None:
        """Changes the selection rule and the rate limit; a changed rule is answered at once."""
        with self._changed:
            if selection != self._selection:
                self._question_is_new = bool(self._instruction)
            self._selection = selection
            self._max_rate_hz = max_rate_hz
            self._next_encode_at = min(self._next_encode_at, time.monotonic() + self._period_s())
            self._changed.notify_all()

    def hurry(self) -> None:
        """Lets the newest frame be encoded at once, whatever the rate limit."""
        with self._changed:
            self._next_encode_at = 0.0
            self._changed.notify_all()

    def answer_anew(self, selection: SelectionConfig | None) -> None:
        """Says that another model answers from now on, by `selection`.

        What was encoded is of no use any more, and the instruction in force is answered again.
        """
        with self._changed:
            self._selection = selection
            self._encoded = None
            self._question_is_new = bool(self._instruction)
            self._changed.notify_all()

    def encoded(self, frame: Frame | None) -> None:
        """Says that the worker has just encoded `frame` and keeps its encoding; None: has none."""
        with self._changed:
            self._encoded, self._encoded_at = frame, time.monotonic()

    def question(self) -> tuple[str, SelectionConfig | None]:
        """The instruction in force, perhaps empty, and the selection rule, taken for answering."""
        with self._changed:
            self._question_is_new = False
            return self._instruction, self._selection

    def accepts(self, instruction: str) -> bool:
        """Whether an answer to `instruction` is still wanted by the stream."""
        with self._changed:
            return instruction == self._instruction

    def count(self, *, processed: int = 0, failed: int = 0, taken: bool = False) -> None:
        """Adds to the statistics.

        Args:
            processed: answers.
            failed: answers that ended in an exception.
            taken: whether they are on the frame that was taken last, and not to a request.
        """
        with self._changed:
            self._add(processed=processed, failed=failed)
            if taken:
                self._unanswered = None

    @property
    def selection(self) -> SelectionConfig | None:
        """The selection rule; None is the model's own."""
        with self._changed:
            return self._selection

    @property
    def statistics(self) -> Statistics:
        """The counts up to now."""
        with self._changed:
            return self._statistics

    def due_in_s(self) -> float | None:
        """Seconds until the instruction in force is to be answered; None if nothing is new."""
        with self._changed:
            if not self.is_asked or self._newest is None:
                return None
            if self._answers_from_encoded():
                return 0.0
            if self._newest_was_taken and not self._question_is_new:
                return None
            return max(0.0, self._next_encode_at - time.monotonic())

    def take(self) -> Frame | None:
        """The frame to answer the instruction on, once it is due; None if there is none.

        One that was taken before and has come to nothing, as its instruction was overtaken, is
        dropped if it is another.
        """
        with self._changed:
            if self._answers_from_encoded():
                frame = self._encoded
            else:
                frame = self._newest
                self._next_encode_at = time.monotonic() + self._period_s()
            self._question_is_new = False
            if self._unanswered is not None and self._unanswered is not frame:
                self._unanswered = None
                self._add(dropped=1)
            if frame is self._newest and not self._newest_was_taken:
                self._unanswered, self._newest_was_taken = frame, True
            return frame

    @property
    def newest(self) -> Frame | None:
        """The newest frame, which the stream answers on as well; None if none has come."""
        with self._changed:
            return self._newest

    def _add(self, **increments: int) -> None:
        counts = {name: getattr(self._statistics, name) + by for name, by in increments.items()}
        self._statistics = replace(self._statistics, **counts)

    def _period_s(self) -> float:
        return 1.0 / self._max_rate_hz if self._max_rate_hz > 0 else 0.0

    def _answers_from_encoded(self) -> bool:
        """Whether a new instruction waits that needs no frame encoded first."""
        if not self._question_is_new or self._encoded is None:
            return False
        age_s = time.monotonic() - self._encoded_at
        return self._encoded is self._newest or age_s <= max(REUSE_S, self._period_s())
