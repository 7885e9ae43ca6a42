# SPDX-License-Identifier: Apache-2.0
"""The recording (rosbag2, in mcap or sqlite3 storage) of a camera, as a source of images.

Recordings can be played where the rosbag2 tools are not installed. A message that cannot be read is
left out, whatever is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from rosbags.typesys import Stores, get_typestore

from llmseg_core.recordings.recording import Recording
from llmseg_core.recordings.storage import RecordingError, StoredMessage
from llmseg_ros.messages.compressed_images import compressed_to_rgb
from llmseg_ros.messages.conversions import image_to_rgb

from .camera_frame import CameraFrame, Report, SourceError
from .camera_model import CameraModel
from .recorded_depth import (
    COMPRESSED_TYPE,
    DEPTH_SUFFIX,
    RAW_TYPE,
    RecordedDepth,
    depth_frame_id,
    nearest,
    stamp_ns,
)

__all__ = ["CAMERA_INFO_TYPE", "RecordedImages", "camera_info_topic"]

CAMERA_INFO_TYPE = "sensor_msgs/msg/CameraInfo"

TRANSPORTS = ("compressed", "compressedDepth")
"""of image_transport, whose topics lie below the image's"""


def camera_info_topic(image_topic: str) -> str:
    """The sibling topic on which the camera of an image topic publishes its calibration.

    As image_transport has it: /camera/image and /camera/image/compressed give /camera/camera_info.
    """
    base, _, transport = image_topic.rpartition("/")
    return camera_info_topic(base) if transport in TRANSPORTS else f"{base}/camera_info"


class RecordedImages:
    """The raw or compressed images of one topic of a recording, as an image source."""

    def __init__(self, path: Path, image_topic: str, report: Report, depth: str = "") -> None:
        """Opens a recording.

        Args:
            path: folder of the recording, or one of its storage files.
            image_topic: topic of the images, with or without its first "/"; empty where the
                recording has one image topic.
            report: receives one sentence for each message that cannot be read.
            depth: topic of the depth images; empty is the only one that has the images' frame_id,
                "off" none.

        Raises:
            SourceError: not a readable recording, or no such image or depth topic in it.
        """
        self._path = path
        self._report = report
        self._types = get_typestore(Stores.LATEST)
        try:
            self._recording = Recording(path)
        except (RecordingError, OSError) as error:
            raise SourceError(str(error)) from error
        self.image_topic = self._choose_topic(image_topic)
        """The topic that is played."""
        self._messages = self._recording.messages(self.image_topic)
        self.rate_hz = images_a_second([message.time_ns for message in self._messages])
        """Images a second, by the usual time between two of them; None below two images."""
        topic = camera_info_topic(self.image_topic)
        calibrated = self._recording.types.get(topic) == CAMERA_INFO_TYPE
        self._cameras = self._recording.messages(topic) if calibrated else []
        self._is_raw = self._recording.types[self.image_topic] == RAW_TYPE
        self._depth = RecordedDepth(
            self._recording, self._types, depth, self._first_frame_id(), report
        )
        for damage in self._recording.damage:
            report(damage)

    @property
    def depth(self) -> str:
        """The topic of depth images that belong to these; empty where there is none."""
        return self._depth.topic

    def __iter__(self) -> Iterator[CameraFrame]:
        """Yields the images in the order of recording, with their headers' stamps and frame_ids."""
        read_message: tuple[StoredMessage, CameraModel] | None = None
        for number, message in enumerate(self._messages):
            name = f"message {number} of {self.image_topic}"
            try:
                msg = self._read_image(message)
                rgb = image_to_rgb(msg) if self._is_raw else compressed_to_rgb(msg)
            except Exception as error:  # of whatever library meets damaged bytes
                reason = str(error) or type(error).__name__
                self._report(f"skipped {name} in {str(self._path)!r}: {reason}")
                continue
            info = nearest(self._cameras, message.time_ns)
            if info is not None and (read_message is None or read_message[0] is not info):
                camera = self._camera(info)
                read_message = (info, camera) if camera is not None else read_message
            stamp = stamp_ns(msg)
            yield CameraFrame(
                rgb=rgb,
                name=name,
                stamp_ns=stamp,
                frame_id=msg.header.frame_id,
                camera=read_message and read_message[1],
                depth=self._depth.of(message, stamp),
            )

    def _first_frame_id(self) -> str | None:
        """The frame of the first image that can be read; None if none can."""
        for message in self._messages[:10]:
            with suppress(Exception):  # of damaged bytes
                return str(self._read_image(message).header.frame_id)
        return None

    def _read_image(self, message: StoredMessage) -> Any:
        return self._read(message, RAW_TYPE if self._is_raw else COMPRESSED_TYPE)

    def _read(self, message: StoredMessage, kind: str) -> Any:
        """The message; raises whatever damaged bytes cause."""
        return self._types.deserialize_cdr(message.read(), kind)

    def _choose_topic(self, wanted: str) -> str:
        types = self._recording.types
        topics = sorted(name for name, kind in types.items() if kind in (RAW_TYPE, COMPRESSED_TYPE))
        if not topics:
            there = ", ".join(f"{name} ({kind})" for name, kind in sorted(types.items()))
            raise SourceError(
                f"no image topic in the recording {str(self._path)!r}, which has "
                f"{there or 'no topics at all'}: an image topic is of the type {RAW_TYPE} or "
                f"{COMPRESSED_TYPE}"
            )
        if wanted:
            for topic in (wanted, f"/{wanted}"):
                if topic in topics:
                    return topic
            raise SourceError(
                f"no image topic {wanted!r} in the recording {str(self._path)!r}, "
                f"which has {', '.join(topics)}"
            )
        colour = [topic for topic in topics if not topic.endswith(DEPTH_SUFFIX)] or topics
        if len(colour) > 1:
            read = self._recording, self._types
            colour = [topic for topic in colour if depth_frame_id(*read, topic) is None] or colour
        if len(colour) > 1:
            raise SourceError(
                f"several image topics in the recording {str(self._path)!r}: "
                f"choose one of {', '.join(topics)}"
            )
        return colour[0]

    def _camera(self, message: StoredMessage) -> CameraModel | None:
        try:
            return CameraModel.from_message(self._read(message, CAMERA_INFO_TYPE))
        except Exception as error:  # as above
            self._report(f"a calibration in {str(self._path)!r} cannot be read: {error}")
            return None


def images_a_second(times_ns: list[int]) -> float | None:
    """The rate by the usual time between two images; None where there is none.

    Pauses, and what else is in the recording, do not count. Where most images have the time of
    the one before, as in a recording that was written in one go, it is their mean.
    """
    gaps = [after - before for before, after in pairwise(times_ns)]
    gap_ns = (median(gaps) or sum(gaps) / len(gaps)) if gaps else 0
    return 1e9 / gap_ns if gap_ns > 0 else None
