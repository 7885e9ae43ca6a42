# SPDX-License-Identifier: Apache-2.0
"""What carries masks from image to image: by optical flow, or by SAM 2's memory."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tracker", "Tracks", "View"]


class View(Protocol):
    """What a tracker keeps of an image."""

    @property
    def size(self) -> tuple[int, int]:
        """(h, w); of images of one size always the same."""


V = TypeVar("V", bound=View)
V_contra = TypeVar("V_contra", bound=View, contravariant=True)


class Tracks(Protocol[V_contra]):
    """The objects of one full answer, followed from its image on."""

    def step(self, view: V_contra) -> None:
        """Goes on to the next image."""

    def masks(self) -> NDArray[np.bool_]:
        """(N, H, W) bool in the last image: the objects that are not lost."""

    def outline(self) -> NDArray[np.bool_]:
        """(h, w) bool: all of them together, in few pixels, to be compared with other tracks."""

    @property
    def quality(self) -> float:
        """How good the evidence was so far, [0, 1]; 0 when all are lost."""

    @property
    def lost(self) -> str:
        """Why nothing is followed; empty while something is, and where nothing was begun."""


class Tracker(Protocol, Generic[V]):
    """Begins tracks.

    Attributes:
        kept: images that an answer may be late by.
        jumps: whether it may also go on from an older image, without those in between.
    """

    kept: int
    jumps: bool

    def view(self, image: NDArray[np.uint8]) -> V:
        """What is kept of an (H, W, 3) uint8 RGB image."""

    def begin(self, masks: NDArray[np.bool_], key: V) -> Tracks[V]:
        """Follows objects.

        Args:
            masks: (N, H, W) bool, each with a pixel at least; N may be 0.
            key: the image that they are in.
        """
