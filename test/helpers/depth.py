# SPDX-License-Identifier: Apache-2.0
"""Depth messages, and a block before a wall whose place is known."""

from __future__ import annotations

import array
import struct
import sys

import cv2
import numpy as np
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

__all__ = [
    "HEIGHT",
    "WIDTH",
    "block",
    "camera_info",
    "compressed_depth",
    "depth_message",
    "stamped",
]

HEIGHT, WIDTH = 120, 160
FOCAL = 150.0


def stamped(ns: int, frame_id: str = "camera") -> Header:
    return Header(stamp=Time(nanoseconds=ns).to_msg(), frame_id=frame_id)


def depth_message(depth: np.ndarray, header: Header, encoding: str = "16UC1") -> Image:
    """`depth` in metres, as a camera publishes it."""
    values = (
        np.round(1000 * depth).astype(np.uint16) if encoding == "16UC1" else depth.astype("<f4")
    )
    data = array.array("B")
    data.frombytes(values.tobytes())
    return Image(
        header=header, height=depth.shape[0], width=depth.shape[1], encoding=encoding,
        is_bigendian=sys.byteorder == "big", step=len(data) // depth.shape[0], data=data,
    )  # fmt: skip


def compressed_depth(depth: np.ndarray, header: Header, encoding: str = "16UC1") -> CompressedImage:
    """The same as compressed_depth_image_transport sends it: its 12 bytes, then a PNG."""
    if encoding == "16UC1":
        head, values = struct.pack("<iff", 0, 0.0, 0.0), np.round(1000 * depth).astype(np.uint16)
    else:  # quantized as by the plugin, with depth_quantization 100 and depth_max 10
        a = 100.0 * 101.0
        b = 1 - a / 10.0
        head = struct.pack("<iff", 0, a, b)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(depth > 0, a / depth + b, 0)
        values = values.astype(np.uint16)
    png = cv2.imencode(".png", values)[1].tobytes()
    return CompressedImage(
        header=header, format=f"{encoding}; compressedDepth png", data=head + png
    )


def camera_info(header: Header, height: int = HEIGHT, width: int = WIDTH) -> CameraInfo:
    scale = width / WIDTH
    focal, cx, cy = FOCAL * scale, (width - 1) / 2, (height - 1) / 2
    return CameraInfo(
        header=header, height=height, width=width, distortion_model="plumb_bob", d=[0.0] * 5,
        k=[focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0],
        p=[focal, 0.0, cx, 0.0, 0.0, focal, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
    )  # fmt: skip


def block(distance: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Depth (H, W) of a flat block of 40 x 60 pixels before a wall, and its mask."""
    depth, mask = np.full((HEIGHT, WIDTH), 2.0, np.float32), np.zeros((HEIGHT, WIDTH), bool)
    mask[40:80, 50:110] = True
    depth[mask] = distance
    return depth, mask
