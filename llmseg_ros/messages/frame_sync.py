# SPDX-License-Identifier: Apache-2.0
"""Which depth image and calibration belong to a colour image; it knows nothing of ROS.

They are brought together when the colour image comes, before anything is inferred of it, so that
an answer that takes long never meets the depth of another moment.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

__all__ = ["Capture", "FrameSync", "Match"]

KEPT_NS = 5 * 10**8
"""for which depth images are at hand, and colour images may wait for theirs; a colour image that
comes later than that after its depth finds none"""
MOST_BYTES = 2**26
"""of the depth images at hand, 64 MiB; two of them are, whatever their size"""
KEPT = 30
"""of both at most"""
REWOUND_NS = 10**9
"""a stamp so much older than the newest one is of another run, as when a recording begins anew"""
NS = 10**9


@dataclass(frozen=True)
class Match:
    """What belongs to one colour image.

    Attributes:
        depth: the depth image; None if none was taken within the slop.
        camera_info: the calibration in force then; None if none has come.
        nearest_ms: from the colour image's stamp to the nearest depth image's, which may be too
            far, milliseconds; None if no depth image has come.
    """

    depth: Any
    camera_info: Any
    nearest_ms: float | None


class Capture:
    """What belongs to one colour image, some of which may still come."""

    def __init__(self, stamp_ns: int, slop_ns: int) -> None:
        """Made by `FrameSync.capture`."""
        self.stamp_ns = stamp_ns
        self._slop_ns = slop_ns
        self._made_at = time.monotonic()
        self._changed = threading.Condition()  # guards what follows
        self._nearest: tuple[int, Any] | None = None  # stamp and depth image
        self._info: Any = None
        self._is_decided = False

    def wait(self, timeout_s: float) -> Match:
        """What belongs to the image, as soon as no other can be nearer.

        Args:
            timeout_s: counted from when the image came: an answer that took longer waits no more.
        """
        until = self._made_at + timeout_s
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_decided and self._info is not None,
                max(0.0, until - time.monotonic()),
            )
            if self._nearest is None:
                return Match(None, self._info, None)
            stamp_ns, depth = self._nearest
            away_ns = stamp_ns - self.stamp_ns
            within = abs(away_ns) <= self._slop_ns
            return Match(depth if within else None, self._info, away_ns / 1e6)

    def offer_depth(self, stamp_ns: int, depth: Any) -> bool:
        """Takes a depth image if it is the nearest so far; whether a nearer one may still come."""
        with self._changed:
            away = abs(stamp_ns - self.stamp_ns)
            if self._nearest is None or away < abs(self._nearest[0] - self.stamp_ns):
                self._nearest = stamp_ns, depth
            if stamp_ns >= self.stamp_ns:  # they come in order
                self._is_decided = True
                self._changed.notify_all()
            return not self._is_decided

    def offer_info(self, info: Any) -> None:
        """Takes the calibration, if there is none yet."""
        with self._changed:
            if self._info is None:
                self._info = info
                self._changed.notify_all()


class FrameSync:
    """Brings together what three topics say of one moment; for the thread of their callbacks."""

    def __init__(self, slop_s: float) -> None:
        """Makes one that has seen nothing.

        Args:
            slop_s: the most that the stamps of a colour and its depth image may differ, seconds.
        """
        self._slop_ns = round(slop_s * NS)
        self._depths: deque[tuple[int, Any, int]] = deque(maxlen=KEPT)  # stamp, image, bytes
        self._waiting: deque[Capture] = deque(maxlen=KEPT)
        self._info: Any = None

    def add_depth(self, stamp_ns: int, depth: Any, size_bytes: int = 0) -> None:
        """Takes a depth image, and drops those that are too old by now, or too many bytes."""
        if self._depths and stamp_ns < self._depths[-1][0] - REWOUND_NS:
            self._depths.clear()
            self._waiting.clear()
        self._depths.append((stamp_ns, depth, size_bytes))
        oldest_ns = stamp_ns - KEPT_NS
        while len(self._depths) > 2 and (self._depths[0][0] < oldest_ns or self._is_too_much()):
            self._depths.popleft()
        waiting = [
            one
            for one in self._waiting
            if one.offer_depth(stamp_ns, depth) and one.stamp_ns >= oldest_ns
        ]
        self._waiting = deque(waiting, maxlen=KEPT)

    def _is_too_much(self) -> bool:
        return sum(size for _, _, size in self._depths) > MOST_BYTES

    def add_info(self, info: Any) -> None:
        """Takes a calibration, which is in force until the next."""
        if self._info is None:
            for waiting in self._waiting:
                waiting.offer_info(info)
        self._info = info

    def capture(self, stamp_ns: int) -> Capture:
        """What belongs to a colour image of that stamp, which has just come."""
        capture = Capture(stamp_ns, self._slop_ns)
        if self._info is not None:
            capture.offer_info(self._info)
        may_come = True
        for depth_ns, depth, _ in self._depths:
            if abs(depth_ns - stamp_ns) <= REWOUND_NS:
                may_come = capture.offer_depth(depth_ns, depth)
        if may_come or self._info is None:
            self._waiting.append(capture)
        return capture
