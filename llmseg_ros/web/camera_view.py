# SPDX-License-Identifier: Apache-2.0
"""What the live page shows of one camera: an output that is heard while somebody looks."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from llmseg_ros.messages.frame import Frame, SegmentedFrame
from llmseg_ros.messages.outputs import PublishedAnswer

from .history import History

__all__ = ["CameraView", "Shown"]

LOOKS_S = 2.5
"""seconds after which a page that has not asked again counts as gone"""
ANSWER_HOLDS_S = 2.0
"""seconds without a new answer after which the camera is shown as it is"""
RATE_OVER = 12
"""pictures that the rate is the mean of"""


@dataclass(frozen=True)
class Shown:
    """What is to be shown.

    Attributes:
        number: of this picture, from 1; a later one is larger.
        frame: the camera's image.
        answer: to the instruction in force, about this frame; None if there is none.
        age_ms: of the image when the answer went out, in milliseconds; 0 without an answer.
        rate_hz: of answers of late; 0 without one.
    """

    number: int
    frame: Frame
    answer: SegmentedFrame | None = None
    age_ms: float = 0.0
    rate_hz: float = 0.0


class CameraView:
    """An output of a camera (see `Output`), and what the page asks for; any thread may call it."""

    def __init__(self, history: History) -> None:
        """Nobody looks yet; `history` is told of each answer."""
        self._history = history
        self._lock = threading.Lock()  # guards what follows
        self._looked_at = float("-inf")  # time.monotonic()
        self._numbers = 0
        self._shown: Shown | None = None
        self._answered_at = float("-inf")  # time.monotonic()
        self._published_at: deque[float] = deque(maxlen=RATE_OVER)

    # ------------------------------------------------------------------ the output

    def is_heard(self) -> bool:
        """Whether somebody looks."""
        with self._lock:
            return time.monotonic() - self._looked_at < LOOKS_S

    def publish(self, answer: PublishedAnswer) -> None:
        """Shows an answer from now on."""
        segmented = answer.answer
        now = time.monotonic()
        with self._lock:
            self._numbers += 1
            self._answered_at = now
            self._published_at.append(now)
            self._shown = Shown(
                self._numbers, segmented.frame, segmented, answer.result.age_ms, self._rate()
            )
        self._history.tell(segmented.segmentation)

    def destroy(self) -> None:
        """Forgets what was shown."""
        with self._lock:
            self._shown = None
            self._published_at.clear()

    # ------------------------------------------------------------------ the page

    def look(self) -> None:
        """Somebody looks now."""
        with self._lock:
            self._looked_at = time.monotonic()

    def newer(self, than: int, instruction: str, newest: Frame | None) -> Shown | None:
        """What there is to show that is newer than a number; None if nothing is.

        Args:
            than: number of what the page shows; 0 if it shows nothing.
            instruction: in force; an answer to another one is not shown any more.
            newest: the camera's newest image, which is shown while there is no answer.
        """
        with self._lock:
            if newest is not None and not self._has_answer(instruction):
                if self._shown is None or self._shown.frame is not newest:
                    self._numbers += 1
                    self._shown = Shown(self._numbers, newest)
                elif self._shown.answer is not None:
                    self._numbers += 1
                    self._shown = Shown(self._numbers, self._shown.frame)
            shown = self._shown
        # A page that was open when the node was started again has seen larger numbers.
        return shown if shown is not None and shown.number != than else None

    def _has_answer(self, instruction: str) -> bool:
        if self._shown is None or self._shown.answer is None:
            return False
        if self._shown.answer.segmentation.instruction != instruction:
            return False
        return time.monotonic() - self._answered_at < ANSWER_HOLDS_S

    def _rate(self) -> float:
        if len(self._published_at) < 2:
            return 0.0
        seconds = self._published_at[-1] - self._published_at[0]
        return (len(self._published_at) - 1) / seconds if seconds > 0 else 0.0
