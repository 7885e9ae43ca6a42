# SPDX-License-Identifier: Apache-2.0
"""A camera image on its way through the node, from its message to its segmentation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sensor_msgs.msg import Image

from llmseg_core.types import Segmentation

from .conversions import image_to_rgb

__all__ = ["Frame", "SegmentedFrame", "frame_from_message"]


@dataclass(frozen=True, eq=False)
class Frame:
    """A camera image on its way through the worker.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        header: whatever the caller wants back with the answer.
        timings_ms: stages that the image went through before, in milliseconds.
        number: counts the images of the stream from 1; 0 for another image.
    """

    image: np.ndarray
    header: Any = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    number: int = 0


@dataclass(frozen=True)
class SegmentedFrame:
    """A frame and its segmentation.

    Attributes:
        frame: the frame that was segmented.
        segmentation: its stage times include the frame's, 0 where a cached encoding was used.
        key: the frame of the full answer, if the segmentation was carried along from there.
        track_id: the same for as long as it is the same thing, from 1; 0 if nothing is followed.
    """

    frame: Frame
    segmentation: Segmentation
    key: Frame | None = None
    track_id: int = 0


def frame_from_message(msg: Image, number: int = 0) -> Frame:
    """The frame of an image message; raises `ImageConversionError` for one that cannot be read."""
    start = time.perf_counter()
    rgb = image_to_rgb(msg)
    return Frame(rgb, msg.header, {"convert": 1000 * (time.perf_counter() - start)}, number)
