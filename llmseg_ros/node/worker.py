# SPDX-License-Identifier: Apache-2.0
"""The one thread that runs inference; it knows nothing of ROS."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import InvalidStateError
from contextlib import suppress

from llmseg_core.config import SelectionConfig
from llmseg_core.methods.method import EncodedFrame, Method
from llmseg_ros.messages.frame import Frame, SegmentedFrame

from .mailbox import Mailbox
from .schedule import Job, Request, Schedule, WorkerStopped

__all__ = ["InferenceWorker"]

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
"""seconds until a thread that failed begins again: at first, and at most, each twice the last"""


class InferenceWorker:
    """Takes jobs from a schedule and answers them, one after the other.

    The encoding of each stream's newest frame is kept, so that another instruction on it costs
    `segment` alone. An exception goes to the one who asked, and the thread lives on. What ends it
    nevertheless is reported, goes to all who wait, and the thread begins again after a pause.

    Attributes:
        trouble: why the thread is not working; empty while it is.
    """

    def __init__(
        self,
        method: Method,
        schedule: Schedule,
        on_answer: Callable[[Mailbox, SegmentedFrame], None],
        on_error: Callable[[Exception], None],
        after: InferenceWorker | None = None,
    ) -> None:
        """Makes a worker that is not running yet.

        Args:
            method: the model; only the worker's thread uses it.
            schedule: where jobs come from.
            on_answer: gets every answer of a stream, with its mailbox, in the worker's thread.
            on_error: gets what the method or `on_answer` raised for the stream, and what ended
                the thread, in the worker's thread; errors of requests go to their futures.
            after: a worker that was stopped and may still run; this one waits until it does not,
                so that there is one inference at a time.
        """
        self.trouble = ""
        self._method = method
        self._schedule = schedule
        self._on_answer = on_answer
        self._on_error = on_error
        self._replacing = threading.Lock()  # guards the method and the mailboxes' rule
        self._encoded: dict[Mailbox, tuple[Method, Frame, EncodedFrame]] = {}
        self._job: Job | None = None
        self._began_at: float | None = None
        self._after = after
        self._thread = threading.Thread(target=self._run, name="llmseg_inference", daemon=True)

    @property
    def busy_s(self) -> float | None:
        """Seconds that the answer in work has taken so far; None if there is none in work."""
        began_at = self._began_at
        return None if began_at is None else time.monotonic() - began_at

    def start(self) -> None:
        """Starts the thread; a worker is started once."""
        self._thread.start()

    def replace(self, method: Method, selection: SelectionConfig | None) -> None:
        """Lets another model answer from now on.

        The stream's frame that is being encoded is begun again, and an answer that is further on
        is still given. A request is answered by the model that it began with.

        Args:
            method: the other model.
            selection: its selection rule; None is the model's own.
        """
        with self._replacing:
            self._method = method
            self._schedule.answer_anew(selection)

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Closes the schedule and ends the thread after the job that it works on.

        Requests that wait get `WorkerStopped`.

        Returns:
            False if the thread still runs after `timeout_s`; it gives no answers any more, and ends
            as soon as the method returns.
        """
        self._schedule.close()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        job = self._job
        if job is not None and job.request is not None:
            job.request.fail(WorkerStopped())
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Waits until the thread has ended, if it was started."""
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        if self._after is not None:
            self.trouble = "an inference that was stopped still runs, this one begins after it"
            self._after.wait()
            self._after, self.trouble = None, ""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                self._work()
                return
            except BaseException as error:  # a library may raise SystemExit, or a bug be ours
                self._failed(error, pause_s)
            if self._schedule.closes_within(pause_s):
                return
            self.trouble = ""
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _work(self) -> None:
        while (job := self._schedule.take()) is not None:
            self._job, self._began_at = job, time.monotonic()
            if job.request is not None:
                self._answer_request(job, job.request)
            elif job.frame is not None:
                self._answer_stream(job, job.frame)
            self._schedule.spent(job, time.monotonic() - self._began_at)
            self._job = self._began_at = None

    def _failed(self, error: BaseException, pause_s: float) -> None:
        self.trouble = f"the inference thread ended by {error!r} and begins again in {pause_s:g} s"
        reason = RuntimeError(self.trouble)
        job, self._job, self._began_at = self._job, None, None
        if job is not None:
            self._forget_encoding(job.mailbox)
            job.mailbox.count(failed=1, taken=job.request is None)
            if job.request is not None:
                job.request.fail(reason)
        self._schedule.fail_all(reason)
        self._report(reason)

    def _answer_stream(self, job: Job, frame: Frame) -> None:
        method, mailbox = self._method, job.mailbox
        try:
            encoding, reused = self._encode(method, job, frame)
            with self._replacing:
                if self._method is not method:
                    return  # the mailbox asks again
                instruction, selection = mailbox.question()  # perhaps another by now
            if not instruction:
                return
            answer = self._segment(method, frame, encoding, reused, instruction, selection)
            if self._schedule.is_open and mailbox.accepts(instruction):
                self._give(mailbox, answer)
        except Exception as error:
            mailbox.count(failed=1, taken=True)
            self._report(error)

    def _give(self, mailbox: Mailbox, answer: SegmentedFrame) -> None:
        mailbox.count(processed=1, taken=True)
        try:
            self._on_answer(mailbox, answer)
        except Exception:
            mailbox.count(processed=-1)  # it is a failure, and no answer
            raise

    def _answer_request(self, job: Job, request: Request) -> None:
        with self._replacing:
            method, selection = self._method, job.mailbox.selection
        try:
            if job.frame is None:
                raise LookupError("there is no image yet: none has arrived on the image topic")
            encoding, reused = self._encode(method, job, job.frame)
            if request.future.done():
                return  # nobody waits any more
            instruction = request.instruction
            answer = self._segment(method, job.frame, encoding, reused, instruction, selection)
        except Exception as error:
            job.mailbox.count(failed=1)
            request.fail(error)
        else:
            job.mailbox.count(processed=1)
            with suppress(InvalidStateError):  # nobody waits any more
                request.future.set_result(answer)

    def _encode(self, method: Method, job: Job, frame: Frame) -> tuple[EncodedFrame, bool]:
        """The encoding of `frame`, and whether it was known already."""
        known = self._encoded.get(job.mailbox)
        if known is not None and known[:2] == (method, frame):
            return known[2], True
        if job.keep:  # a request's own image leaves the stream's encoding where it is
            self._forget_encoding(job.mailbox)  # before the next one needs memory
            for mailbox in [one for one, known in self._encoded.items() if known[0] is not method]:
                del self._encoded[mailbox]  # and the model that it is of
        encoding = method.encode_frame(frame.image)
        if job.keep:
            self._encoded[job.mailbox] = method, frame, encoding
            job.mailbox.encoded(frame)
        return encoding, False

    def _forget_encoding(self, mailbox: Mailbox) -> None:
        self._encoded.pop(mailbox, None)
        mailbox.encoded(None)

    @staticmethod
    def _segment(
        method: Method,
        frame: Frame,
        encoding: EncodedFrame,
        reused: bool,
        instruction: str,
        selection: SelectionConfig | None,
    ) -> SegmentedFrame:
        segmentation = method.segment(encoding, instruction, selection)
        timings_ms = {**frame.timings_ms, **segmentation.timings_ms}
        total_ms = sum(frame.timings_ms.values()) + segmentation.total_ms
        if reused:
            timings_ms.update(dict.fromkeys([*frame.timings_ms, *encoding.timings_ms], 0.0))
            total_ms = segmentation.total_ms - encoding.total_ms
        return SegmentedFrame(frame, segmentation.with_timings(timings_ms, total_ms))

    def _report(self, error: Exception) -> None:
        try:
            self._on_error(error)
        except Exception:
            logging.getLogger(__name__).exception("the error callback failed on %r", error)
