# SPDX-License-Identifier: Apache-2.0
"""Objects followed by optical flow, one by one: on any CPU, for things that keep their shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .thumbnails import Thumbnail
from .track import Track

__all__ = ["FlowTracker"]


class FlowTracker:
    """See `Tracker`; the images are small copies."""

    kept = 64
    jumps = False

    def view(self, image: NDArray[np.uint8]) -> Thumbnail:
        """See `Tracker`."""
        return Thumbnail.of(image)

    def begin(self, masks: NDArray[np.bool_], key: Thumbnail) -> _FlowTracks:
        """See `Tracker`."""
        return _FlowTracks(masks, key)


class _FlowTracks:
    def __init__(self, masks: NDArray[np.bool_], key: Thumbnail) -> None:
        self._tracks = [Track(mask, key) for mask in masks]
        self._size = masks.shape[1], masks.shape[2]

    def step(self, view: Thumbnail) -> None:
        for track in self._tracks:
            track.step(view)

    def masks(self) -> NDArray[np.bool_]:
        alive = self._alive
        return (
            np.stack([each.mask() for each in alive]) if alive else np.zeros((0, *self._size), bool)
        )

    def outline(self) -> NDArray[np.bool_]:
        alive = self._alive
        if not alive:
            return np.zeros((1, 1), dtype=bool)
        return np.any([track.small_mask() > 0 for track in alive], axis=0)

    @property
    def quality(self) -> float:
        return min((track.quality for track in self._alive), default=0.0)

    @property
    def lost(self) -> str:
        return "" if self._alive else "; ".join(track.lost for track in self._tracks)

    @property
    def _alive(self) -> list[Track]:
        return [track for track in self._tracks if not track.lost]
