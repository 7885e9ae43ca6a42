# SPDX-License-Identifier: Apache-2.0
"""The thread that carries answers along at camera rate; it knows nothing of ROS."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from llmseg_core.following.follower import Followed, Follower
from llmseg_core.following.objects import followed_answer, object_masks
from llmseg_core.following.tracker import Tracker
from llmseg_ros.messages.frame import Frame, SegmentedFrame

__all__ = ["FollowingThread"]

ANSWERS_KEPT = 4
"""full answers whose frame and instruction are at hand; two can be followed at once"""


class FollowingThread:
    """Publishes the worker's answers, moved to the newest image, and again with every image.

    It takes the newest image when it is done with the last; those that come meanwhile are left out.
    While it is off it publishes answers as they are.
    """

    def __init__(
        self,
        publish: Callable[[SegmentedFrame], None],
        wanted: Callable[[str], bool],
        on_lost: Callable[[], None],
        on_error: Callable[[Exception], None],
        tracker: Tracker[Any] | None = None,
    ) -> None:
        """Makes a thread that is not running yet.

        Args:
            publish: gets every answer, in this thread.
            wanted: whether answers to an instruction are still wanted.
            on_lost: is called when what was followed is lost.
            on_error: gets what following or `publish` raised; the thread lives on.
            tracker: carries masks from image to image; None while nothing is followed.
        """
        self._publish, self._wanted = publish, wanted
        self._on_lost, self._on_error = on_lost, on_error
        self._tracker = tracker
        self._forgets = False
        self._changed = threading.Condition()  # guards what follows, and these two
        self._newest: Frame | None = None
        self._answers: deque[SegmentedFrame] = deque()
        self._is_open = True
        self._follower = Follower(tracker)
        self._follows_by = tracker
        self._keys: dict[int, SegmentedFrame] = {}  # full answers by number
        self._seen: Frame | None = None
        self._was_lost = False
        self._thread = threading.Thread(target=self._run, name="llmseg_following", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def turn(self, tracker: Tracker[Any] | None) -> None:
        """Follows by another tracker from the next image or answer on, or no longer (None).

        What was followed is forgotten.
        """
        with self._changed:
            if self._tracker not in (None, tracker):
                self._forget_soon()
            self._tracker = tracker

    def forget(self) -> None:
        """Ends what is followed, and drops answers that wait."""
        with self._changed:
            self._answers.clear()
            self._forget_soon()

    def _forget_soon(self) -> None:
        self._newest, self._forgets = None, True
        self._changed.notify()

    def see(self, frame: Frame) -> None:
        """Takes an image of the stream; one that still waits is left out."""
        with self._changed:
            if self._tracker is not None:
                self._newest = frame
                self._changed.notify()

    def adopt(self, answer: SegmentedFrame) -> None:
        """Takes a full answer of the stream."""
        with self._changed:
            self._answers.append(answer)
            self._changed.notify()

    def stop(self) -> None:
        """Ends the thread after what it works on, and waits for that."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work)
                if not self._is_open:
                    return
                forgets, self._forgets = self._forgets, False
                answer = self._answers.popleft() if self._answers else None
                frame = None
                if answer is None:
                    frame, self._newest = self._newest, None
                tracker = self._tracker
            try:
                if forgets:
                    self._forget()
                if tracker not in (None, self._follows_by):
                    self._follower = Follower(tracker, self._follower.last_track)
                    self._follows_by = tracker
                if answer is not None:
                    self._take(answer, tracker is not None)
                elif frame is not None:
                    self._go_on(frame)
            except Exception as error:
                self._forget()
                with suppress(Exception):
                    self._on_error(error)
            # Freed now, and not while the next answer waits: giving megabytes back takes a while.
            del answer, frame

    def _has_work(self) -> bool:
        is_asked = self._answers or self._newest is not None or self._forgets
        return bool(is_asked) or not self._is_open

    def _take(self, answer: SegmentedFrame, is_on: bool) -> None:
        """Publishes a full answer where the newest image shows what it means.

        If it cannot be moved there, as after a cut, it is published with the image that it is of,
        and nothing is said of later ones.
        """
        instruction = answer.segmentation.instruction
        if not self._wanted(instruction):
            return
        if not is_on or not answer.frame.number:
            self._forget()
            self._publish(answer)
            return
        if any(key.segmentation.instruction != instruction for key in self._keys.values()):
            self._forget()
        start = time.perf_counter()
        number = answer.frame.number
        self._keys[number] = answer
        for old in sorted(self._keys)[:-ANSWERS_KEPT]:
            del self._keys[old]
        followed = self._follower.adopt(
            number,
            answer.frame.image,
            object_masks(answer.segmentation),
            answer.segmentation.confidence,
        )
        newest = self._seen
        if followed is None or newest is None or newest.number <= number:
            track_id = 0 if followed is None else followed.track_id
            self._publish(SegmentedFrame(answer.frame, answer.segmentation, None, track_id))
        elif followed.lost:
            self._forget()
            self._publish(answer)
            self._on_lost()
        else:
            self._tell(newest, followed, start)

    def _go_on(self, frame: Frame) -> None:
        """Publishes what is followed as it is in another image."""
        start = time.perf_counter()
        self._seen = frame
        followed = self._follower.see(frame.number, frame.image)
        if followed is not None:
            self._tell(frame, followed, start)

    def _tell(self, frame: Frame, followed: Followed, start: float) -> None:
        key = self._keys.get(followed.key)
        if key is None or not self._wanted(key.segmentation.instruction):
            self._forget()
            return
        if followed.lost and not self._was_lost:
            self._on_lost()
        self._was_lost = bool(followed.lost)
        ms = 1e3 * (time.perf_counter() - start)
        segmentation = followed_answer(key.segmentation, followed, ms)
        self._publish(
            SegmentedFrame(frame, segmentation, key.frame, followed.track_id, key.segmentation)
        )

    def _forget(self) -> None:
        self._follower.forget()
        self._keys.clear()
        self._was_lost = False
