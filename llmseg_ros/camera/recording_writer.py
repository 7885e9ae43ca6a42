# SPDX-License-Identifier: Apache-2.0
"""Writes what a camera gives as a recording (rosbag2)."""

from __future__ import annotations

import array
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import serialize_message
from rclpy.time import Time
from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from llmseg_ros.messages.conversions import rgb_to_image
from llmseg_ros.messages.depth_conversions import depth_to_compressed, depth_to_image

from .camera_frame import CameraFrame, DepthImage
from .camera_model import CameraModel
from .recorded_depth import COMPRESSED_TYPE, DEPTH_SUFFIX, RAW_TYPE
from .recording import CAMERA_INFO_TYPE, camera_info_topic

__all__ = ["write_recording"]

DEFAULT_FRAME_ID = "camera_optical_frame"


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
            calibration to the sibling topic camera_info, depth to the sibling topic depth.
        storage: storage format.
        jpeg_quality: 1 to 100 for compressed images; None for raw ones (rgb8). Depth is then
            compressed without loss, if it is in whole numbers, or raw.

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
    depths: Connection | None = None
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
            if frame.depth is not None:
                msg = _depth_message(frame.depth, header, jpeg_quality is not None)
                if depths is None:
                    is_raw = isinstance(msg, Image)
                    beside = image_topic.rpartition("/")[0]
                    topic = f"{beside}/depth{'' if is_raw else DEPTH_SUFFIX}"
                    kind = RAW_TYPE if is_raw else COMPRESSED_TYPE
                    depths = writer.add_connection(topic, kind, typestore=types)
                writer.write(depths, frame.stamp_ns, serialize_message(msg))
            count += 1
    return count


def _jpeg_message(rgb: NDArray[np.uint8], header: Header, quality: int) -> CompressedImage:
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    ok, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise ValueError(f"OpenCV cannot encode a JPEG of shape {rgb.shape}")
    return CompressedImage(header=header, format="jpeg", data=array.array("B", data.tobytes()))


def _depth_message(depth: DepthImage, header: Header, compressed: bool) -> Image | CompressedImage:
    stamp = header.stamp.sec * 10**9 + header.stamp.nanosec + depth.later_ns
    own = Header(
        stamp=Time(nanoseconds=stamp).to_msg(),
        frame_id=header.frame_id if depth.frame_id is None else depth.frame_id,
    )
    if compressed and depth.values.dtype == np.uint16:
        return depth_to_compressed(depth.values.astype(np.uint16, copy=False), own)
    return depth_to_image(depth.values, own)
