# SPDX-License-Identifier: Apache-2.0
"""A camera image on its way through the node, from its message to its segmentation."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from llmseg_core.types import Segmentation

from .compressed_images import check_compressed, compressed_to_rgb
from .conversions import check_image, image_to_rgb

__all__ = ["MOST_PIXELS", "Frame", "SegmentedFrame", "frame_from_message"]

MOST_PIXELS = 50_000_000
"""of a compressed image, unless somebody says otherwise; 8K has 33 million"""


class Frame:
    """A camera image on its way through the node; it is read when it is first looked at.

    So nobody's work is a frame that is dropped, and reading is done in the thread that wants it.
    Two frames are the same only if they are one object.

    Attributes:
        header: whatever the caller wants back with the answer.
        number: counts the images of the stream from 1; 0 for another image.
        camera_info: the calibration that came with the image; None if none did.
        depth: the depth image that was taken with it; None if none was.
    """

    def __init__(
        self,
        image: NDArray[np.uint8] | Callable[[], NDArray[np.uint8]],
        header: Any = None,
        timings_ms: Mapping[str, float] | None = None,
        number: int = 0,
        *,
        camera_info: Any = None,
        depth: Any = None,
    ) -> None:
        """Takes an image, or what reads it.

        Args:
            image: (H, W, 3) uint8 RGB, or what returns that; it is called once, by the first
                thread that looks, and may raise for an image that cannot be read.
            header: whatever the caller wants back with the answer.
            timings_ms: stages that the image went through before, in milliseconds.
            number: counts the images of the stream from 1; 0 for another image.
            camera_info: the calibration that came with the image.
            depth: the depth image that was taken with it.
        """
        self.header, self.number = header, number
        self.camera_info, self.depth = camera_info, depth
        self._timings_ms = dict(timings_ms or {})
        self._reading = threading.Lock()  # guards what follows and the times
        self._read = image if callable(image) else None
        self._image = None if callable(image) else image

    @property
    def image(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB; raises what reading it raises."""
        with self._reading:
            if self._read is not None:
                start = time.perf_counter()
                self._image = self._read()
                self._timings_ms["convert"] = 1000 * (time.perf_counter() - start)
                self._read = None  # and the message with it
            assert self._image is not None
            return self._image

    @property
    def timings_ms(self) -> Mapping[str, float]:
        """Stages that the image went through, in milliseconds: "convert" once it was read."""
        with self._reading:
            return dict(self._timings_ms)


@dataclass(frozen=True)
class SegmentedFrame:
    """A frame and its segmentation.

    Attributes:
        frame: the frame that was segmented.
        segmentation: its stage times include the frame's, 0 where a cached encoding was used.
        key: the frame of the full answer, if the segmentation was carried along from there.
        track_id: the same for as long as it is the same thing, from 1; 0 if nothing is followed.
        full: the full answer that it was carried along from; None if it is one.
    """

    frame: Frame
    segmentation: Segmentation
    key: Frame | None = None
    track_id: int = 0
    full: Segmentation | None = None


def frame_from_message(
    msg: Image | CompressedImage, number: int = 0, most_pixels: int = MOST_PIXELS
) -> Frame:
    """The frame of an image message, which is converted when it is first looked at.

    Args:
        msg: a raw or a compressed image.
        number: see `Frame`.
        most_pixels: of a compressed image.

    Raises:
        ImageConversionError: the message's fields say that it cannot be read, or the header of its
            image file does.
    """
    if isinstance(msg, CompressedImage):
        check_compressed(msg, most_pixels)
        return Frame(lambda: compressed_to_rgb(msg), msg.header, number=number)
    check_image(msg)
    return Frame(lambda: image_to_rgb(msg), msg.header, number=number)
