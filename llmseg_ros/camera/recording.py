# SPDX-License-Identifier: Apache-2.0
"""Recordings (rosbag2, in mcap or sqlite3 storage) of one camera: reading and writing.

The library rosbags does it, so recordings can be played where the rosbag2 tools are not installed.
"""

from __future__ import annotations

import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import serialize_message
from rclpy.time import Time
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from llmseg_ros.messages.conversions import (
    ImageConversionError,
    compressed_to_rgb,
    image_to_rgb,
    rgb_to_image,
)

from .camera_frame import CameraFrame, Report, SourceError
from .camera_model import CameraModel

__all__ = ["RecordedImages", "camera_info_topic", "is_recording", "write_recording"]

RAW_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_TYPE = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO_TYPE = "sensor_msgs/msg/CameraInfo"
STORAGE_SUFFIXES = frozenset({".mcap", ".db3"})
DEFAULT_FRAME_ID = "camera_optical_frame"


def is_recording(path: Path) -> bool:
    """Whether a path is a recording's folder or one of its storage files."""
    if path.is_dir():
        return (path / "metadata.yaml").is_file()
    return path.suffix in STORAGE_SUFFIXES


def camera_info_topic(image_topic: str) -> str:
    """The sibling topic on which the camera of an image topic publishes its calibration.

    As image_transport has it: /camera/image and /camera/image/compressed give /camera/camera_info.
    """
    base = image_topic.removesuffix("/compressed")
    return f"{base.rpartition('/')[0]}/camera_info"


class RecordedImages:
    """The raw or compressed images of one topic of a recording, as an image source."""

    def __init__(self, path: Path, image_topic: str, report: Report) -> None:
        """Opens a recording.

        Args:
            path: folder of the recording, or one of its storage files.
            image_topic: topic of the images; empty where the recording has one image topic.
            report: receives one sentence for each message that cannot be read.

        Raises:
            SourceError: not a readable recording, or no such image topic in it.
        """
        self._path = path
        self._report = report
        with self._open() as reader:
            self.image_topic = self._choose_topic(reader, image_topic)
            """The topic that is played."""
            self.rate_hz = self._measure_rate(reader)
            """Mean images a second over the recording; None below two images."""
            self._camera = self._read_camera(reader)

    def __iter__(self) -> Iterator[CameraFrame]:
        """Yields the images in the order of recording, with their headers' stamps and frame_ids."""
        with self._open() as reader:
            connections = [c for c in reader.connections if c.topic == self.image_topic]
            for number, (connection, _, data) in enumerate(reader.messages(connections)):
                name = f"message {number} of {self.image_topic}"
                try:
                    msg: Any = reader.deserialize(data, connection.msgtype)
                    raw = connection.msgtype == RAW_TYPE
                    rgb = image_to_rgb(msg) if raw else compressed_to_rgb(msg)
                except (AnyReaderError, ImageConversionError) as error:
                    self._report(f"skipped {name} in {str(self._path)!r}: {error}")
                    continue
                stamp = msg.header.stamp
                yield CameraFrame(
                    rgb=rgb,
                    name=name,
                    stamp_ns=stamp.sec * 10**9 + stamp.nanosec,
                    frame_id=msg.header.frame_id,
                    camera=self._camera,
                )

    @contextmanager
    def _open(self) -> Iterator[AnyReader]:
        try:
            reader = AnyReader([self._path], default_typestore=get_typestore(Stores.LATEST))
            reader.open()
        except (AnyReaderError, OSError) as error:
            raise SourceError(f"cannot read the recording {str(self._path)!r}: {error}") from error
        try:
            yield reader
        finally:
            reader.close()

    def _choose_topic(self, reader: AnyReader, wanted: str) -> str:
        image_types = (RAW_TYPE, COMPRESSED_TYPE)
        topics = sorted({c.topic for c in reader.connections if c.msgtype in image_types})
        if not topics:
            raise SourceError(f"no image topic in the recording {str(self._path)!r}")
        if wanted in topics:
            return wanted
        if wanted:
            raise SourceError(
                f"no image topic {wanted!r} in the recording {str(self._path)!r}, "
                f"which has {', '.join(topics)}"
            )
        if len(topics) > 1:
            raise SourceError(
                f"several image topics in the recording {str(self._path)!r}: "
                f"choose one of {', '.join(topics)}"
            )
        return topics[0]

    def _measure_rate(self, reader: AnyReader) -> float | None:
        count = sum(c.msgcount for c in reader.connections if c.topic == self.image_topic)
        return (count - 1) * 1e9 / reader.duration if count > 1 and reader.duration > 1 else None

    def _read_camera(self, reader: AnyReader) -> CameraModel | None:
        topic = camera_info_topic(self.image_topic)
        connections = [
            c for c in reader.connections if c.topic == topic and c.msgtype == CAMERA_INFO_TYPE
        ]
        for connection, _, data in reader.messages(connections) if connections else ():
            return CameraModel.from_message(reader.deserialize(data, connection.msgtype))
        return None


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
