# SPDX-License-Identifier: Apache-2.0
"""Depth images: messages to metres, as depth_image_proc and compressed_depth_image_transport do."""

from __future__ import annotations

import array
import struct
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from llmseg_core.geometry.visible_part import depth_in_metres

from .conversions import ImageConversionError

__all__ = [
    "DepthMessage",
    "DepthValues",
    "check_depth",
    "depth_to_compressed",
    "depth_to_image",
    "depth_to_metres",
    "depth_values",
]

DepthMessage: TypeAlias = Image | CompressedImage
DepthValues: TypeAlias = NDArray[np.uint16] | NDArray[np.float32]

RAW: dict[str, np.dtype[Any]] = {
    "16UC1": np.dtype(np.uint16),
    "mono16": np.dtype(np.uint16),
    "32FC1": np.dtype(np.float32),
}
"""encodings of raw depth; drivers that know no better say mono16"""
HEAD = struct.Struct("<iff")
"""before the image of a compressedDepth message: format, and A and B of z = A / (value - B)"""
MOST_PIXELS = 134_217_728
"""of a compressed image; a file of a few bytes can say that it has a billion"""
PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_SIZE = struct.Struct(">II")


def check_depth(msg: DepthMessage) -> None:
    """Looks at all of a message but its pixels, which takes microseconds.

    Raises:
        ImageConversionError: no depth encoding, an empty image, too little data, an image
            compressed in a way that is not read (RVL), or more pixels than `MOST_PIXELS`.
    """
    if not hasattr(msg, "encoding"):
        _check_compressed(msg)
        return
    dtype = RAW.get(msg.encoding)
    values = (
        f"encoding {msg.encoding!r}, height {msg.height}, width {msg.width}, step {msg.step}, "
        f"{len(msg.data)} bytes of data"
    )
    if dtype is None:
        raise ImageConversionError(
            f"no depth image ({values}): the encoding must be 16UC1 or 32FC1"
        )
    if msg.height == 0 or msg.width == 0:
        raise ImageConversionError(
            f"empty depth image ({values}): height and width must be at least 1"
        )
    if msg.step < msg.width * dtype.itemsize or len(msg.data) < msg.height * msg.step:
        raise ImageConversionError(
            f"depth image too short ({values}): a row needs {msg.width * dtype.itemsize} bytes, "
            f"and the data height x step"
        )


def depth_to_metres(msg: DepthMessage, unit_m: float = 0.001) -> NDArray[np.float32]:
    """The depth of each pixel.

    Args:
        msg: 16UC1, 32FC1, or either compressed by compressed_depth_image_transport as PNG.
        unit_m: metres of a whole number; numbers with a fraction are metres (REP 118).

    Returns:
        (H, W) float32 metres, contiguous; 0, NaN or infinite where nothing was measured.

    Raises:
        ImageConversionError: see `check_depth`, and a compressed image that cannot be decoded.
    """
    return depth_in_metres(depth_values(msg), unit_m)


def depth_values(msg: DepthMessage) -> DepthValues:
    """The values of a depth image as they are: whole numbers, or metres.

    Args:
        msg: a message that `depth_to_metres` takes, of rclpy or of rosbags.

    Returns:
        (H, W) of either byte order, perhaps not contiguous.

    Raises:
        ImageConversionError: see `depth_to_metres`.
    """
    check_depth(msg)
    if not hasattr(msg, "encoding"):
        return _decompressed(msg)
    dtype = RAW[msg.encoding]
    return np.ndarray(
        shape=(msg.height, msg.width),
        dtype=dtype.newbyteorder(">" if msg.is_bigendian else "<"),
        buffer=msg.data,
        strides=(msg.step, dtype.itemsize),
    )


def depth_to_image(values: DepthValues, header: Header) -> Image:
    """A raw message, 16UC1 or 32FC1, of (H, W) whole numbers or metres."""
    whole = values.dtype.kind == "u"
    pixels = np.ascontiguousarray(values, dtype="<u2" if whole else "<f4")
    data = array.array("B")  # any other type is copied value by value when it is assigned
    data.frombytes(pixels.view(np.uint8).data)
    return Image(
        header=header,
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding="16UC1" if whole else "32FC1",
        is_bigendian=0,
        step=pixels.strides[0],
        data=data,
    )


def depth_to_compressed(values: NDArray[np.uint16], header: Header) -> CompressedImage:
    """The message of compressed_depth_image_transport: a PNG of (H, W) whole numbers.

    Raises:
        ImageConversionError: values of another type, or an image that OpenCV cannot encode.
    """
    if values.dtype != np.uint16:
        raise ImageConversionError(f"depth of {values.dtype} cannot be a PNG, it must be uint16")
    done, png = cv2.imencode(".png", values, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not done:
        raise ImageConversionError(f"OpenCV cannot encode depth of shape {values.shape} as PNG")
    data = array.array("B", HEAD.pack(0, 0.0, 0.0) + png.tobytes())
    return CompressedImage(header=header, format="16UC1; compressedDepth png", data=data)


def _check_compressed(msg: CompressedImage) -> None:
    if "compressedDepth" not in msg.format:
        raise ImageConversionError(
            f"no depth image (format {msg.format!r}): a compressed one has a format such as "
            "'16UC1; compressedDepth png'"
        )
    if "rvl" in msg.format.lower():
        raise ImageConversionError(
            f"depth compressed as RVL is not read (format {msg.format!r}): set the publisher's "
            "parameter compressedDepth.format to png, or take the raw topic"
        )
    head = bytes(msg.data[: HEAD.size + len(PNG_START) + 8 + PNG_SIZE.size])
    if len(head) < HEAD.size + len(PNG_START) + 8 + PNG_SIZE.size or not head[
        HEAD.size :
    ].startswith(PNG_START):
        raise ImageConversionError(
            f"cannot decode a depth image (format {msg.format!r}, {len(msg.data)} bytes of data): "
            f"the data must be {HEAD.size} bytes of its header and a PNG file"
        )
    width, height = PNG_SIZE.unpack_from(head, HEAD.size + len(PNG_START) + 8)
    if not 0 < width * height <= MOST_PIXELS:
        raise ImageConversionError(
            f"a depth image of {width} x {height} pixels: at most {MOST_PIXELS} are read"
        )


def _decompressed(msg: CompressedImage) -> DepthValues:
    data = np.frombuffer(msg.data, np.uint8)
    try:
        values = cv2.imdecode(data[HEAD.size :], cv2.IMREAD_UNCHANGED)
    except cv2.error:
        values = None
    if values is None or values.ndim != 2 or values.dtype != np.uint16:
        raise ImageConversionError(
            f"cannot decode a depth image (format {msg.format!r}, {len(msg.data)} bytes of data): "
            "it must be a whole PNG of 16 bits and one channel"
        )
    if not msg.format.strip().startswith("32FC1"):
        return values
    _, a, b = HEAD.unpack_from(data.tobytes()[: HEAD.size])
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.float32(a) / (values.astype(np.float32) - np.float32(b))
    depth[values == 0] = np.nan
    return depth
