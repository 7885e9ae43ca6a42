# SPDX-License-Identifier: Apache-2.0
"""Recordings (rosbag2, in mcap or sqlite3 storage) of one camera: reading and writing.

Recordings can be played where the rosbag2 tools are not installed. A message that cannot be read is
left out, whatever is wrong with it.
"""

from __future__ import annotations

import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import serialize_message
from rclpy.time import Time
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from llmseg_core.recordings.recording import Recording
from llmseg_core.recordings.storage import RecordingError, StoredMessage
from llmseg_ros.messages.compressed_images import compressed_to_rgb
from llmseg_ros.messages.conversions import image_to_rgb, rgb_to_image

from .camera_frame import CameraFrame, Report, SourceError
from .camera_model import CameraModel

__all__ = ["RecordedImages", "camera_info_topic", "write_recording"]

RAW_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_TYPE = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO_TYPE = "sensor_msgs/msg/CameraInfo"
DEFAULT_FRAME_ID = "camera_optical_frame"

TRANSPORTS = ("compressed", "compressedDepth")
"""of image_transport, whose topics lie below the image's"""

DEPTH_SUFFIX = "/compressedDepth"


def camera_info_topic(image_topic: str) -> str:
    """The sibling topic on which the camera of an image topic publishes its calibration.

    As image_transport has it: /camera/image and /camera/image/compressed give /camera/camera_info.
    """
    base, _, transport = image_topic.rpartition("/")
    return camera_info_topic(base) if transport in TRANSPORTS else f"{base}/camera_info"


class RecordedImages:
    """The raw or compressed images of one topic of a recording, as an image source."""

    def __init__(self, path: Path, image_topic: str, report: Report) -> None:
        """Opens a recording.

        Args:
            path: folder of the recording, or one of its storage files.
            image_topic: topic of the images, with or without its first "/"; empty where the
                recording has one image topic.
            report: receives one sentence for each message that cannot be read.

        Raises:
            SourceError: not a readable recording, or no such image topic in it.
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
        for damage in self._recording.damage:
            report(damage)

    def __iter__(self) -> Iterator[CameraFrame]:
        """Yields the images in the order of recording, with their headers' stamps and frame_ids."""
        is_raw = self._recording.types[self.image_topic] == RAW_TYPE
        read_message: tuple[StoredMessage, CameraModel] | None = None
        for number, message in enumerate(self._messages):
            name = f"message {number} of {self.image_topic}"
            try:
                msg = self._read(message, RAW_TYPE if is_raw else COMPRESSED_TYPE)
                rgb = image_to_rgb(msg) if is_raw else compressed_to_rgb(msg)
            except Exception as error:  # of whatever library meets damaged bytes
                reason = str(error) or type(error).__name__
                self._report(f"skipped {name} in {str(self._path)!r}: {reason}")
                continue
            nearest = self._nearest_camera(message.time_ns)
            if nearest is not None and (read_message is None or read_message[0] is not nearest):
                camera = self._camera(nearest)
                read_message = (nearest, camera) if camera is not None else read_message
            stamp = msg.header.stamp
            yield CameraFrame(
                rgb=rgb,
                name=name,
                stamp_ns=stamp.sec * 10**9 + stamp.nanosec,
                frame_id=msg.header.frame_id,
                camera=read_message and read_message[1],
            )

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
            raise SourceError(
                f"several image topics in the recording {str(self._path)!r}: "
                f"choose one of {', '.join(topics)}"
            )
        return colour[0]

    def _nearest_camera(self, time_ns: int) -> StoredMessage | None:
        """The calibration that was recorded at about the same time."""
        if not self._cameras:
            return None
        after = bisect_left(self._cameras, time_ns, key=lambda message: message.time_ns)
        near = self._cameras[max(0, after - 1) : after + 1]
        return min(near, key=lambda message: abs(message.time_ns - time_ns))

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


def write_recording(
    folder: Path,
    frames: Iterable[CameraFrame],
    *,
    image_topic: str = "/camera/image",
    storage: Literal["mcap", "sqlite3"] = "mcap",
    jpeg_quality: int | None = 90,
) -> int:
    """Writes images and their camera's calibration into a new recording.

    Args:
        folder: the recording's folder, which must not exist.
        frames: images with their stamps, in ascending order. Frames without a frame_id get
            "camera_optical_frame", frames without a calibration `CameraModel.from_field_of_view`.
        image_topic: topic of raw images; compressed ones go to `image_topic` + "/compressed", the
            calibration to the sibling topic camera_info.
        storage: storage format.
        jpeg_quality: 1 to 100 for compressed images; None for raw ones (rgb8).

    Returns:
        How many images were written.

    Raises:
        ValueError: a frame without a stamp, or a quality out of range.
        FileExistsError: the folder exists.
    """
    if jpeg_quality is not None and not 1 <= jpeg_quality <= 100:
        raise ValueError(f"jpeg_quality {jpeg_quality} must be 1 to 100, or None for raw images")
    if folder.exists():
        raise FileExistsError(f"{str(folder)!r} exists already: name a new folder")
    plugin = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}[storage]
    types = get_typestore(Stores.LATEST)
    count = 0
    # Version 8 of the format is the newest that all maintained distributions read.
    with Writer(folder, version=8, storage_plugin=plugin) as writer:
        if jpeg_quality is None:
            images = writer.add_connection(image_topic, RAW_TYPE, typestore=types)
        else:
            topic = f"{image_topic}/compressed"
            images = writer.add_connection(topic, COMPRESSED_TYPE, typestore=types)
        topic = camera_info_topic(image_topic)
        calibrations = writer.add_connection(topic, CAMERA_INFO_TYPE, typestore=types)
        for frame in frames:
            if frame.stamp_ns is None:
                raise ValueError(f"{frame.name} has no stamp, which a recording needs")
            stamp = Time(nanoseconds=frame.stamp_ns).to_msg()
            header = Header(stamp=stamp, frame_id=frame.frame_id or DEFAULT_FRAME_ID)
            camera = frame.camera or CameraModel.from_field_of_view(*frame.rgb.shape[:2])
            if jpeg_quality is None:
                image = rgb_to_image(frame.rgb, header)
            else:
                image = _jpeg_message(frame.rgb, header, jpeg_quality)
            writer.write(images, frame.stamp_ns, serialize_message(image))
            info = camera.to_message(header)
            writer.write(calibrations, frame.stamp_ns, serialize_message(info))
            count += 1
    return count


def _jpeg_message(rgb: NDArray[np.uint8], header: Header, quality: int) -> CompressedImage:
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    ok, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise ValueError(f"OpenCV cannot encode a JPEG of shape {rgb.shape}")
    return CompressedImage(header=header, format="jpeg", data=array.array("B", data.tobytes()))
