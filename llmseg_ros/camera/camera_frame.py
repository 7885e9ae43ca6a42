# SPDX-License-Identifier: Apache-2.0
"""What the camera node publishes, and what its sources have in common.

A source is iterated once per pass, each time from its beginning. An image that cannot be read is
reported and left out; a source that cannot be opened at all raises `SourceError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .camera_model import CameraModel

__all__ = ["CameraFrame", "ImageSource", "Report", "SourceError"]

Report = Callable[[str], None]
"""Receives one sentence for each image that cannot be read."""


class SourceError(ValueError):
    """A source that gives no images; the text quotes its name and says what would be right."""


@dataclass(frozen=True)
class CameraFrame:
    """One image of a source, with what the source knows of it."""

    rgb: NDArray[np.uint8]
    """(H, W, 3), RGB."""
    name: str
    """Names the image in messages to people, such as its file's name."""
    stamp_ns: int | None = None
    """When it was taken, in ns since the epoch; None where the source does not know."""
    frame_id: str | None = None
    """Coordinate frame of the camera; None where the source does not know."""
    camera: CameraModel | None = None
    """Calibration of the camera; None where the source does not know."""


class ImageSource(Protocol):
    """Gives frames, from the first one at each iteration."""

    @property
    def rate_hz(self) -> float | None:
        """Frames a second at which they were taken; None where the source does not know."""

    def __iter__(self) -> Iterator[CameraFrame]:
        """Yields the frames in order; raises SourceError where the source cannot be opened."""
