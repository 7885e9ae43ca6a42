# SPDX-License-Identifier: Apache-2.0
"""Logs answers to Rerun in a thread of its own: a viewer that is away holds nobody up."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from llmseg_core.types import Segmentation
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.frame import Frame, SegmentedFrame
from llmseg_ros.messages.outputs import PublishedAnswer
from llmseg_ros.messages.placing import FoundPlaces

from .target import RerunTarget

__all__ = ["AnswerLog", "RerunOutput"]

WAITING = 8
"""answers, each with its image, that wait for Rerun; more are left out"""
APPLICATION = "llmseg"
SECOND_NS = 10**9


@dataclass(frozen=True)
class _Entry:
    camera: str
    answer: SegmentedFrame
    found: FoundPlaces
    age_ms: float


class AnswerLog:
    """A stream to a file or a viewer, from its beginning to `stop`; any thread may call it."""

    def __init__(self, target: RerunTarget, errors: ErrorLog) -> None:
        """Opens a file; a viewer is looked for when there is something to show.

        Args:
            target: where to; not empty.
            errors: gets what fails later.

        Raises:
            ImportError: rerun-sdk is not installed.
            OSError: the file cannot be written.
        """
        import rerun

        from . import entities

        self._entities = entities
        self._full: dict[str, Segmentation] = {}  # that was logged last, by camera
        self._url, self._errors = target.url, errors
        self._stream: Any = rerun.RecordingStream(APPLICATION, make_default=False)
        self.place = target.url
        """where it is, for people"""
        if target.file:
            path = target.free_file()
            self.place = str(path)
            try:
                self._stream.save(path)
            except Exception as error:  # of its library in Rust, a RuntimeError of several lines
                raise OSError(
                    f"{path} cannot be written: {' '.join(str(error).split())}"
                ) from error
        self._changed = threading.Condition()  # guards what follows
        self._waiting: deque[_Entry] = deque()
        self._is_open = True
        self._thread = threading.Thread(target=self._run, name="llmseg_rerun", daemon=True)
        self._thread.start()

    def put(self, camera: str, published: PublishedAnswer) -> None:
        """Logs an answer of a camera soon, or leaves it out if too many wait."""
        entry = _Entry(
            camera or "camera", published.answer, published.places, published.result.age_ms
        )
        with self._changed:
            if not self._is_open:
                return
            is_full = len(self._waiting) >= WAITING
            if not is_full:
                self._waiting.append(entry)
                self._changed.notify()
        if is_full:
            self._errors.warn("rerun", f"answers are left out: {self.place} takes no more")

    def stop(self, timeout_s: float) -> None:
        """Writes what waits and ends it, in `timeout_s` seconds at most."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            if self._url:
                self._stream.connect_grpc(self._url)
            while (entry := self._take()) is not None:
                try:
                    self._log(entry)
                except Exception as error:  # whatever one answer is, the next is logged
                    self._errors.report_exception("rerun", error)
            self._stream.flush(timeout_sec=1.0)
        except Exception as error:  # it is away, or its disk is full
            self._errors.report("rerun", " ".join(str(error).split()))
        finally:
            with self._changed:
                self._is_open = False
                self._waiting.clear()
            self._stream.disconnect()

    def _take(self) -> _Entry | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or not self._is_open)
            return self._waiting.popleft() if self._waiting else None

    def _log(self, entry: _Entry) -> None:
        answer, camera = entry.answer, entry.camera
        full = answer.full or answer.segmentation
        if self._full.get(camera) is not full:
            self._full[camera] = full
            self._tell(answer.key or answer.frame, camera, self._entities.full_entities(full))
        shown = self._entities.answer_entities(answer, entry.found, entry.age_ms)
        self._tell(answer.frame, camera, shown)

    def _tell(self, frame: Frame, camera: str, shown: Iterable[tuple[str, Any]]) -> None:
        stamp = frame.header.stamp
        self._stream.set_time("stamp", timestamp=stamp.sec + stamp.nanosec / SECOND_NS)
        for name, entity in shown:
            self._stream.log(f"{camera}/{name}", entity)


class RerunOutput:
    """An output (see `Output`) of a camera that is heard while answers are logged."""

    def __init__(self, camera: str) -> None:
        """Nothing is logged yet."""
        self._camera = camera
        self.log: AnswerLog | None = None
        """where to; None for nowhere"""

    def is_heard(self) -> bool:
        """Whether answers are logged."""
        return self.log is not None

    def publish(self, answer: PublishedAnswer) -> None:
        """Logs an answer."""
        if (log := self.log) is not None:
            log.put(self._camera, answer)

    def destroy(self) -> None:
        """Ends the output."""
        self.log = None
