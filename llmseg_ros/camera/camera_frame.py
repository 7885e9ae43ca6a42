# SPDX-License-Identifier: Apache-2.0
"""What the camera node publishes, and what its sources have in common.

A source is iterated once per pass, each time from its beginning. An image that cannot be read is
reported and left out; a source that cannot be opened at all raises `SourceError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .camera_model import CameraModel

__all__ = [
    "OFF",
    "CameraFrame",
    "DepthImage",
    "DepthValues",
    "ImageSource",
    "Report",
    "SourceError",
]

Report = Callable[[str], None]
"""Receives one sentence for each image that cannot be read."""

OFF = "off"
"""instead of the name of a depth topic or folder"""
DepthValues: TypeAlias = NDArray[np.uint16] | NDArray[np.float32]
"""(H, W): whole numbers, mostly millimetres, or metres; 0 or no number where nothing is known"""


class SourceError(ValueError):
    """A source that gives no images; the text quotes its name and says what would be right."""


@dataclass(frozen=True)
class DepthImage:
    """The depth that belongs to a colour image."""

    values: DepthValues
    """Of the colour image's pixels, perhaps at another size."""
    later_ns: int = 0
    """By how much it was taken after the colour image, in ns."""
    frame_id: str | None = None
    """Its coordinate frame; None is the colour image's."""


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
    depth: DepthImage | None = None
    """Depth of its pixels; None where the source has none."""


class ImageSource(Protocol):
    """Gives frames, from the first one at each iteration."""

    @property
    def rate_hz(self) -> float | None:
        """Frames a second at which they were taken; None where the source does not know."""

    @property
    def depth(self) -> str:
        """Where its depth images come from, for people; empty where it has none."""

    def __iter__(self) -> Iterator[CameraFrame]:
        """Yields the frames in order; raises SourceError where the source cannot be opened."""
