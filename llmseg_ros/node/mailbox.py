# SPDX-License-Identifier: Apache-2.0
"""The mailbox of the inference thread: the newest frame, the instruction in force, and requests.

It decides what is worked on next. A frame that still waits when a newer one comes is dropped; a new
instruction is answered on the frame encoded last if that is recent; requests and the stream take
turns, so that neither starves the other. It knows nothing of ROS, and every method may be called
from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, replace

from llmseg_core.config import SelectionConfig
from llmseg_ros.messages.frame import Frame, SegmentedFrame

__all__ = ["Job", "Mailbox", "Request", "Statistics", "TooManyRequests", "WorkerStopped"]

REUSE_S = 1.0
"""seconds for which a new instruction is answered on the frame encoded last, though newer wait"""

MOST_REQUESTS = 64
"""that wait at once, each perhaps with an image of its own"""

LONGEST_WAIT_S = 60.0
"""seconds after which a waiting thread looks again; there are rates whose period no clock holds"""


class WorkerStopped(RuntimeError):
    """Inference was stopped before a request was answered."""

    def __init__(self) -> None:
        super().__init__("inference was stopped before the answer was there")


class TooManyRequests(RuntimeError):
    """More requests wait than there is memory for, whatever their images are."""

    def __init__(self) -> None:
        super().__init__(f"{MOST_REQUESTS} requests wait already: ask again when some are answered")


@dataclass(frozen=True)
class Request:
    """One answer that somebody waits for, apart from the instruction in force.

    Attributes:
        instruction: what to segment.
        frame: the frame to segment; None is the newest when the request's turn comes.
        future: gets the answer or the exception.
    """

    instruction: str
    frame: Frame | None
    future: Future[SegmentedFrame]


@dataclass(frozen=True)
class Job:
    """What the worker does next.

    Attributes:
        frame: the frame to segment; None if a request asks for the newest and there is none.
        request: the request to answer; None for the stream.
        keep: whether the frame is of the stream, so that its encoding will be of use again.
    """

    frame: Frame | None
    request: Request | None
    keep: bool


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
    """Where frames, instructions and requests wait for the inference thread."""

    def __init__(self, *, selection: SelectionConfig | None = None, max_rate_hz: float = 0.0):
        """Makes an empty mailbox.

        Args:
            selection: the selection rule; None is the model's own.
            max_rate_hz: the most frames of the stream that are encoded in a second; 0 is no limit.
        """
        self._selection = selection
        self._max_rate_hz = max_rate_hz
        self._changed = threading.Condition()  # guards all that follows
        self._instruction = ""
        self._question_is_new = False
        self._newest: Frame | None = None
        self._newest_was_taken = True
        self._encoded: Frame | None = None
        self._encoded_at = 0.0  # time.monotonic()
        self._next_encode_at = 0.0  # time.monotonic(), by the rate limit
        self._is_wanted = True
        self._requests: deque[Request] = deque()
        self._stream_has_turn = False
        self._is_open = True
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

    def request(self, instruction: str, frame: Frame | None = None) -> Future[SegmentedFrame]:
        """Asks for one answer.

        Args:
            instruction: what to segment.
            frame: the frame to segment; None is the newest frame when the request's turn comes.

        Returns:
            A future with the answer, or what the method raised, or `LookupError` if there is no
            frame yet, or `WorkerStopped`, or `TooManyRequests` if `MOST_REQUESTS` wait already.
        """
        future: Future[SegmentedFrame] = Future()
        with self._changed:
            if not self._is_open:
                future.set_exception(WorkerStopped())
            elif len(self._requests) >= MOST_REQUESTS:
                future.set_exception(TooManyRequests())
            else:
                self._requests.append(Request(instruction, frame, future))
                self._changed.notify_all()
        return future

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

    def close(self) -> None:
        """Ends `take`; requests that wait get `WorkerStopped`."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()
        self.fail_requests(WorkerStopped())

    def fail_requests(self, error: Exception) -> None:
        """Gives `error` to all requests that wait."""
        with self._changed:
            waiting = list(self._requests)
            self._requests.clear()
        for request in waiting:
            request.future.set_exception(error)

    def closes_within(self, timeout_s: float) -> bool:
        """Waits that long at most; whether it was closed by then."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_open, timeout_s)

    def take(self) -> Job | None:
        """Waits for the next job; None when the mailbox was closed. For the worker's thread."""
        with self._changed:
            while self._is_open:
                due_in_s = self._stream_is_due_in()
                stream_is_due = due_in_s == 0.0
                if self._requests and not (stream_is_due and self._stream_has_turn):
                    self._stream_has_turn = True
                    return self._request_job(self._requests.popleft())
                if stream_is_due:
                    self._stream_has_turn = False
                    return self._stream_job()
                self._changed.wait(None if due_in_s is None else min(due_in_s, LONGEST_WAIT_S))
            return None

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
            return self._is_open and instruction == self._instruction

    def count(self, *, processed: int = 0, failed: int = 0) -> None:
        """Adds to the statistics."""
        with self._changed:
            self._add(processed=processed, failed=failed)

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

    def _add(self, **increments: int) -> None:
        counts = {name: getattr(self._statistics, name) + by for name, by in increments.items()}
        self._statistics = replace(self._statistics, **counts)

    def _period_s(self) -> float:
        return 1.0 / self._max_rate_hz if self._max_rate_hz > 0 else 0.0

    def _stream_is_due_in(self) -> float | None:
        """Seconds until the instruction in force is to be answered; None if nothing is new."""
        if not self.is_asked or self._newest is None:
            return None
        if self._answers_from_encoded():
            return 0.0
        if self._newest_was_taken and not self._question_is_new:
            return None
        return max(0.0, self._next_encode_at - time.monotonic())

    def _answers_from_encoded(self) -> bool:
        """Whether a new instruction waits that needs no frame encoded first."""
        if not self._question_is_new or self._encoded is None:
            return False
        age_s = time.monotonic() - self._encoded_at
        return self._encoded is self._newest or age_s <= max(REUSE_S, self._period_s())

    def _stream_job(self) -> Job:
        if self._answers_from_encoded():
            frame = self._encoded
            self._newest_was_taken |= frame is self._newest
        else:
            frame = self._take_newest()
            self._next_encode_at = time.monotonic() + self._period_s()
        self._question_is_new = False
        return Job(frame, None, keep=True)

    def _request_job(self, request: Request) -> Job:
        if request.frame is not None:
            return Job(request.frame, request, keep=False)
        return Job(self._newest, request, keep=True)  # the stream answers on it as well

    def _take_newest(self) -> Frame | None:
        self._newest_was_taken = True
        return self._newest
