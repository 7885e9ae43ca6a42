# SPDX-License-Identifier: Apache-2.0
"""Carries the masks of a full answer along through the images that come after it.

A full answer takes many camera frames: when it arrives, its image is an old one. The follower keeps
the last images, moves the answer through them ("catches up"), and then from each new image to the
next.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .flow import FlowTracker
from .tracker import Tracker, Tracks, View

__all__ = ["Followed", "Follower"]

SAME_THING = 0.3
"""IoU of two answers from which they mean the same thing"""
CLEARLY_BETTER = 0.1
"""by how much an answer must be surer to be believed at once where it means another thing"""


@dataclass(frozen=True)
class Followed:
    """Where what was found is in the newest image.

    Attributes:
        masks: (N, H, W) bool, one of each object that is still followed.
        confidence: of the full answer, times how good the evidence was since, [0, 1].
        key: number of the image that the full answer was given on.
        track_id: the same for as long as it is the same thing, from 1.
        lost: why nothing is followed any longer; empty while something is.
    """

    masks: NDArray[np.bool_]
    confidence: float
    key: int
    track_id: int
    lost: str = ""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(H, W) bool, all objects together."""
        return np.asarray(self.masks.any(axis=0))


@dataclass(frozen=True)
class _Answer:
    """A full answer that is being followed."""

    tracks: Tracks[Any]
    begun: int
    confidence: float
    key: int

    @property
    def is_alive(self) -> bool:
        return self.begun > 0 and not self.tracks.lost

    @property
    def sureness(self) -> float:
        """[0, 1]; 0 when all is lost."""
        return self.confidence * self.tracks.quality

    def means_what(self, other: _Answer) -> bool:
        """Whether it lies where `other` does; two that find nothing mean the same."""
        first, second = self.tracks.outline(), other.tracks.outline()
        if not first.any() or not second.any():
            return bool(first.any() == second.any())
        return float((first & second).sum() / (first | second).sum()) > SAME_THING


class Follower:
    """Follows the newest full answer of one instruction; for one thread.

    Images have rising numbers. An answer that contradicts what is followed is believed when the
    next one agrees with it, or at once when it is clearly surer: a mask does not flicker.
    """

    def __init__(self, tracker: Tracker[Any] | None = None, last_track: int = 0) -> None:
        """Follows nothing yet.

        Args:
            tracker: carries masks from image to image; None by optical flow.
            last_track: the last `track_id` that somebody has had.
        """
        self._tracker = FlowTracker() if tracker is None else tracker
        self._images: deque[tuple[int, View]] = deque(maxlen=self._tracker.kept)
        self._answer: _Answer | None = None
        self._doubt: _Answer | None = None
        self._track_id = last_track

    @property
    def last_track(self) -> int:
        """The newest `track_id`; 0 before the first."""
        return self._track_id

    def see(self, number: int, image: NDArray[np.uint8]) -> Followed | None:
        """Takes the next image.

        Args:
            number: higher than of the images before.
            image: (H, W, 3) uint8 RGB. One of another size ends what is followed.

        Returns:
            Where what was found is in it; None if there is nothing to follow.

        Raises:
            ValueError: the number does not rise.
        """
        if self._images and number <= self._images[-1][0]:
            raise ValueError(f"image {number} after image {self._images[-1][0]}: numbers must rise")
        view = self._tracker.view(image)
        if self._images and self._images[-1][1].size != view.size:
            self._images.clear()
            self.forget()
        self._images.append((number, view))
        for answer in (self._answer, self._doubt):
            if answer is not None:
                answer.tracks.step(view)
        return self.now()

    def adopt(
        self,
        number: int,
        image: NDArray[np.uint8],
        masks: NDArray[np.bool_],
        confidence: float,
    ) -> Followed | None:
        """Takes a full answer, which may be of an older image.

        Args:
            number: of the image that it was given on; the image need not have been seen here.
            image: (H, W, 3) uint8 RGB.
            masks: (N, H, W) bool, one of each object; N = 0 if nothing was found.
            confidence: of the answer, [0, 1].

        Returns:
            What is followed now, in the newest image; None if nothing is. An answer on an image of
            another size, or on one so old that images after it are forgotten, changes nothing.
        """
        key = self._tracker.view(image)
        if self._images:
            is_late = len(self._images) == self._tracker.kept and number < self._images[0][0]
            if (is_late and not self._tracker.jumps) or self._images[-1][1].size != key.size:
                return self.now()
        found = masks[masks.any(axis=(1, 2))]
        answer = _Answer(self._tracker.begin(found, key), len(found), confidence, number)
        for later, image_since in self._images:
            if later > number:
                answer.tracks.step(image_since)
        self._take(answer)
        return self.now()

    def now(self) -> Followed | None:
        """What is followed, in the newest image."""
        answer = self._answer
        if answer is None or not answer.begun:
            return None
        return Followed(
            masks=answer.tracks.masks(),
            confidence=answer.sureness,
            key=answer.key,
            track_id=self._track_id,
            lost=answer.tracks.lost,
        )

    def forget(self) -> None:
        """Follows nothing any longer, as for another instruction; images stay, for late answers."""
        self._answer = self._doubt = None

    def _take(self, answer: _Answer) -> None:
        current = self._answer
        agrees = False
        if current is not None and current.is_alive:
            agrees = answer.means_what(current)
            if not agrees and not self._is_believed(answer, current):
                self._doubt = answer
                return
        if not agrees:
            self._track_id += answer.begun > 0
        self._answer, self._doubt = answer, None

    def _is_believed(self, answer: _Answer, current: _Answer) -> bool:
        """Whether an answer counts that contradicts what is followed."""
        is_surer = answer.sureness > current.sureness + CLEARLY_BETTER
        return is_surer or (self._doubt is not None and answer.means_what(self._doubt))
