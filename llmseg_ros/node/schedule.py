# SPDX-License-Identifier: Apache-2.0
"""What the inference thread does next: requests as they came, between them the cameras, fairly.

A request is one answer that somebody waits for. Requests and streams take turns, so that neither
starves the other. Among the streams that have something to answer, the one is next that has had
the least of the thread's time for its weight; one that had nothing to do for a while saves nothing
up. So every stream gets its turn, at the latest after one answer of each other one whose weight is
the same. It knows nothing of ROS, and every method may be called from any thread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field

from llmseg_core.config import SelectionConfig
from llmseg_ros.messages.frame import Frame, SegmentedFrame

from .mailbox import Mailbox

__all__ = ["MOST_WAITING", "Busy", "Job", "Request", "Schedule", "WorkerStopped"]

MOST_WAITING = 8
"""requests that wait at once, each perhaps with an image of its own"""

LONGEST_WAIT_S = 60.0
"""seconds after which a waiting thread looks again; there are rates whose period no clock holds"""


class WorkerStopped(RuntimeError):
    """Inference was stopped before a request was answered."""

    def __init__(self) -> None:
        super().__init__("inference was stopped before the answer was there")


class Busy(RuntimeError):
    """As many requests wait as may."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"busy, {waiting} wait: ask again when some are answered")


@dataclass(frozen=True, eq=False)
class Request:
    """One answer that somebody waits for, apart from the instruction in force.

    Attributes:
        mailbox: of the camera that it is about.
        instruction: what to segment.
        frame: the frame to segment; None is the camera's newest when the request's turn comes.
        on_place: is told its place in the queue, from 1, whenever that changes, and 0 when it is
            its turn; from any thread, and it must not raise.
        future: gets the answer, or what the method raised, or `LookupError` if there is no frame
            yet, or `Busy`, or `WorkerStopped`, or what `Schedule.fail` was given.
    """

    mailbox: Mailbox
    instruction: str
    frame: Frame | None = None
    on_place: Callable[[int], None] = lambda _: None
    future: Future[SegmentedFrame] = field(default_factory=Future)

    def fail(self, error: Exception) -> None:
        """Gives an error to whoever waits, unless there is an answer."""
        with suppress(InvalidStateError):
            self.future.set_exception(error)


@dataclass(frozen=True)
class Job:
    """What the worker does next.

    Attributes:
        mailbox: of the camera that it is for.
        frame: the frame to segment; None if a request asks for the newest and there is none.
        request: the request to answer; None for the stream.
        keep: whether the frame is of the stream, so that its encoding will be of use again.
    """

    mailbox: Mailbox
    frame: Frame | None
    request: Request | None
    keep: bool


@dataclass
class _Share:
    """How much of the thread's time a camera has had.

    Attributes:
        weight: how much it is to have, beside the others'.
        used_s: seconds that it has had, divided by its weight; raised to what others have had while
            there was nothing to do for it.
    """

    weight: float
    used_s: float = 0.0


class Schedule:
    """The mailboxes of all cameras, and the requests."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        """Makes a schedule of no camera yet; `most_waiting` requests wait at once."""
        self._changed = threading.Condition()  # guards all that follows, and the mailboxes
        self._shares: dict[Mailbox, _Share] = {}
        self._requests: deque[Request] = deque()
        self._most_waiting = most_waiting
        self._used_s = 0.0  # of the stream whose turn was last, when it began
        self._stream_has_turn = False
        self._is_open = True

    def mailbox(
        self,
        weight: float = 1.0,
        *,
        selection: SelectionConfig | None = None,
        max_rate_hz: float = 0.0,
    ) -> Mailbox:
        """The mailbox of another camera; see `Mailbox`. `weight` is its share beside the others."""
        mailbox = Mailbox(self._changed, selection=selection, max_rate_hz=max_rate_hz)
        with self._changed:
            self._shares[mailbox] = _Share(weight, self._used_s)
        return mailbox

    def configure(self, most_waiting: int, weights: dict[Mailbox, float] | None = None) -> None:
        """Changes how many requests may wait, and shares of cameras."""
        with self._changed:
            self._most_waiting = most_waiting
            for mailbox, weight in (weights or {}).items():
                self._shares[mailbox].weight = weight

    def request(
        self,
        mailbox: Mailbox,
        instruction: str,
        frame: Frame | None = None,
        on_place: Callable[[int], None] = lambda _: None,
    ) -> Request:
        """Asks for one answer; see `Request`."""
        request = Request(mailbox, instruction, frame, on_place)
        with self._changed:
            if not self._is_open:
                request.fail(WorkerStopped())
            elif len(self._requests) >= self._most_waiting:
                request.fail(Busy(len(self._requests)))
            else:
                self._requests.append(request)
                self._changed.notify_all()
                request.on_place(len(self._requests))
        return request

    def fail(self, request: Request, error: Exception) -> None:
        """Ends a request that waits or is worked on, as its caller has gone or is out of patience.

        An inference that runs is not interrupted; its answer is thrown away.
        """
        with self._changed, suppress(ValueError):
            self._requests.remove(request)
            self._tell_places()
        request.fail(error)

    def fail_all(self, error: Exception) -> None:
        """Gives `error` to all requests that wait."""
        with self._changed:
            waiting = list(self._requests)
            self._requests.clear()
        for request in waiting:
            request.fail(error)

    def answer_anew(self, selection: SelectionConfig | None) -> None:
        """Says that another model answers from now on, by `selection`; see `Mailbox`."""
        with self._changed:
            for mailbox in self._shares:
                mailbox.answer_anew(selection)

    def close(self) -> None:
        """Ends `take`; requests that wait get `WorkerStopped`."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()
        self.fail_all(WorkerStopped())

    @property
    def is_open(self) -> bool:
        """Whether answers are wanted at all."""
        with self._changed:
            return self._is_open

    def closes_within(self, timeout_s: float) -> bool:
        """Waits that long at most; whether it was closed by then."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_open, timeout_s)

    def take(self) -> Job | None:
        """Waits for the next job; None when the schedule was closed. For the worker's thread."""
        with self._changed:
            while self._is_open:
                due_s = {mailbox: mailbox.due_in_s() for mailbox in self._shares}
                ready = [mailbox for mailbox, seconds in due_s.items() if seconds == 0.0]
                if self._requests and not (ready and self._stream_has_turn):
                    self._stream_has_turn = True
                    return self._request_job()
                if ready:
                    self._stream_has_turn = False
                    return self._stream_job(ready)
                waits_s = [seconds for seconds in due_s.values() if seconds is not None]
                self._changed.wait(min(*waits_s, LONGEST_WAIT_S) if waits_s else None)
            return None

    def spent(self, job: Job, seconds: float) -> None:
        """Says how long a job took; a request is nobody's share."""
        with self._changed:
            if job.request is None:
                share = self._shares[job.mailbox]
                share.used_s += seconds / share.weight

    def _request_job(self) -> Job:
        request = self._requests.popleft()
        request.on_place(0)
        self._tell_places()
        if request.frame is not None:
            return Job(request.mailbox, request.frame, request, keep=False)
        return Job(request.mailbox, request.mailbox.newest, request, keep=True)

    def _stream_job(self, ready: list[Mailbox]) -> Job:
        for mailbox in ready:
            share = self._shares[mailbox]
            share.used_s = max(share.used_s, self._used_s)
        mailbox = min(ready, key=lambda one: self._shares[one].used_s)
        self._used_s = self._shares[mailbox].used_s
        return Job(mailbox, mailbox.take(), None, keep=True)

    def _tell_places(self) -> None:
        for place, request in enumerate(self._requests, 1):
            request.on_place(place)
