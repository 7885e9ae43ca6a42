# SPDX-License-Identifier: Apache-2.0
"""Conversion between `sensor_msgs/Image` messages and NumPy images, with the results of cv_bridge.

Pixels are read with NumPy, because cv_bridge reads padded rows of three-channel images wrongly.
Colours are converted by cv_bridge where it can be had, and elsewhere by OpenCV, on which it is
built.
"""

from __future__ import annotations

import array
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from .cv_bridge_colors import find_convert

__all__ = [
    "LAYOUTS",
    "SUPPORTED_ENCODINGS",
    "ImageConversionError",
    "Pixels",
    "check_image",
    "image_to_rgb",
    "mask_to_image",
    "opencv_to_rgb",
    "rgb_to_image",
]

Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]

CV_BRIDGE_CONVERT = find_convert()


class ImageConversionError(ValueError):
    """An image message that cannot be converted; the text quotes its values and what is right."""


@dataclass(frozen=True)
class PixelLayout:
    """How an encoding stores pixels, and how they become RGB."""

    channels: int
    """Stored values a pixel."""
    dtype: np.dtype[np.uint8] | np.dtype[np.uint16]
    """Type of a stored value, in the machine's own byte order."""
    rgb_code: int | None
    """OpenCV's conversion to RGB of the same depth; None where the pixels are RGB already."""

    @property
    def pixel_bytes(self) -> int:
        """Bytes a pixel."""
        return self.channels * self.dtype.itemsize


def _layouts() -> dict[str, PixelLayout]:
    layouts = {
        "yuv422": PixelLayout(2, np.dtype(np.uint8), cv2.COLOR_YUV2RGB_UYVY),
        "yuv422_yuy2": PixelLayout(2, np.dtype(np.uint8), cv2.COLOR_YUV2RGB_YUY2),
    }
    for bits, dtype in (("8", np.dtype(np.uint8)), ("16", np.dtype(np.uint16))):
        layouts |= {
            f"rgb{bits}": PixelLayout(3, dtype, None),
            f"bgr{bits}": PixelLayout(3, dtype, cv2.COLOR_BGR2RGB),
            f"rgba{bits}": PixelLayout(4, dtype, cv2.COLOR_RGBA2RGB),
            f"bgra{bits}": PixelLayout(4, dtype, cv2.COLOR_BGRA2RGB),
            f"mono{bits}": PixelLayout(1, dtype, cv2.COLOR_GRAY2RGB),
            # ROS names the pattern from its first pixel, OpenCV from the one at row 1, column 1.
            f"bayer_rggb{bits}": PixelLayout(1, dtype, cv2.COLOR_BayerBG2RGB),
            f"bayer_bggr{bits}": PixelLayout(1, dtype, cv2.COLOR_BayerRG2RGB),
            f"bayer_gbrg{bits}": PixelLayout(1, dtype, cv2.COLOR_BayerGR2RGB),
            f"bayer_grbg{bits}": PixelLayout(1, dtype, cv2.COLOR_BayerGB2RGB),
        }
    return layouts


LAYOUTS = _layouts()

# Other names of the same layouts: of newer distributions, and OpenCV's, read as cv_bridge does to
# display an image.
ALIASES = {
    "uyvy": "yuv422",
    "yuyv": "yuv422_yuy2",
    "8UC1": "mono8",
    "8UC3": "bgr8",
    "8UC4": "bgra8",
    "16UC1": "mono16",
    "16UC3": "bgr16",
    "16UC4": "bgra16",
}

PLANES = {
    "nv12": (2, cv2.COLOR_YUV2RGB_NV12),
    "nv21": (2, cv2.COLOR_YUV2RGB_NV21),
    "nv24": (1, cv2.COLOR_YUV2RGB_NV12),
}
"""encodings with a plane of brightness before one of colour: image pixels per colour sample in each
direction, and OpenCV's conversion of the one whose colour is half as wide and high"""

SUPPORTED_ENCODINGS = (*sorted(LAYOUTS), *sorted(ALIASES), *PLANES)


def check_image(msg: Image) -> None:
    """Looks at all of a message but its pixels, which takes microseconds.

    Raises:
        ImageConversionError: unknown encoding, empty image, `step` or `data` too small, odd
            width of a yuv422 image, odd width or height of an nv12 or nv21 image, or a bayer image
            below 3 x 3 pixels.
    """
    encoding = ALIASES.get(msg.encoding, msg.encoding)
    if encoding in PLANES:
        _check_planes(msg)
        return
    layout = LAYOUTS.get(encoding)
    if layout is None:
        raise ImageConversionError(
            f"unknown encoding {msg.encoding!r}: supported are {', '.join(SUPPORTED_ENCODINGS)}"
        )
    _check_size(msg, layout.pixel_bytes, msg.height * msg.step)
    if encoding.startswith("yuv422") and msg.width % 2:
        raise ImageConversionError(f"odd width ({_values(msg)}): yuv422 stores pixels in pairs")
    if encoding.startswith("bayer") and min(msg.height, msg.width) < 3:
        raise ImageConversionError(
            f"image too small ({_values(msg)}): bayer needs 3 x 3 pixels or more"
        )


def image_to_rgb(msg: Image) -> NDArray[np.uint8]:
    """Returns the message's image as RGB, (H, W, 3) uint8, contiguous.

    16-bit values are scaled by 255 / 65535 and rounded. Alpha is dropped. An rgb8 message without
    padding is not copied: the result then shares the message's memory.

    Raises:
        ImageConversionError: see `check_image`.
    """
    check_image(msg)
    encoding = ALIASES.get(msg.encoding, msg.encoding)
    if encoding in PLANES:
        return _planes_to_rgb(msg)
    pixels = _read_pixels(msg, LAYOUTS[encoding])
    convert = opencv_to_rgb if CV_BRIDGE_CONVERT is None else cv_bridge_to_rgb
    return convert(pixels, encoding)


def opencv_to_rgb(pixels: Pixels, encoding: str) -> NDArray[np.uint8]:
    """Converts (H, W) or (H, W, channels) pixels of a layout's encoding to (H, W, 3) RGB, uint8."""
    code = LAYOUTS[encoding].rgb_code
    rgb = pixels if code is None else cv2.cvtColor(pixels, code)
    if rgb.dtype == np.uint16:
        rgb = cv2.convertScaleAbs(rgb, alpha=255 / 65535)
    return np.ascontiguousarray(rgb, dtype=np.uint8)


def cv_bridge_to_rgb(pixels: Pixels, encoding: str) -> NDArray[np.uint8]:
    """Does the same as `opencv_to_rgb` with cv_bridge, which must be there."""
    assert CV_BRIDGE_CONVERT is not None
    rgb = pixels if encoding == "rgb8" else CV_BRIDGE_CONVERT(pixels, encoding, "rgb8")
    return np.ascontiguousarray(rgb, dtype=np.uint8)


def _read_pixels(msg: Image, layout: PixelLayout) -> Pixels:
    """Returns the stored values, (H, W) or (H, W, channels), in the machine's byte order."""
    pixels = np.ndarray(
        shape=(msg.height, msg.width, layout.channels),
        dtype=layout.dtype.newbyteorder(">" if msg.is_bigendian else "<"),
        buffer=msg.data,
        strides=(msg.step, layout.pixel_bytes, layout.dtype.itemsize),
    )
    pixels = np.ascontiguousarray(pixels, dtype=layout.dtype)
    return pixels[..., 0] if layout.channels == 1 else pixels


def _planes_to_rgb(msg: Image) -> NDArray[np.uint8]:
    """Converts an image of the encodings in PLANES, whose `step` is that of the first plane."""
    share, code = PLANES[msg.encoding]
    brightness_bytes, colour_bytes = _plane_bytes(msg)
    data = np.frombuffer(msg.data, np.uint8)
    brightness = data[:brightness_bytes].reshape(msg.height, msg.step)[:, : msg.width]
    colour = data[brightness_bytes : brightness_bytes + colour_bytes]
    colour = colour.reshape(msg.height // share, -1)[:, : 2 * msg.width // share]
    if share == 1:  # doubled, so that colour is half as wide and high as brightness
        brightness = brightness.repeat(2, axis=0).repeat(2, axis=1)
    rgb = cv2.cvtColor(np.concatenate((brightness, colour)), code)
    return np.ascontiguousarray(rgb[::2, ::2] if share == 1 else rgb, dtype=np.uint8)


def _plane_bytes(msg: Image) -> tuple[int, int]:
    """Bytes of the plane of brightness and of the one of colour."""
    share, _ = PLANES[msg.encoding]
    return msg.height * msg.step, msg.height // share * (2 * msg.step // share)


def _check_planes(msg: Image) -> None:
    """Raises `ImageConversionError` for an image of the encodings in PLANES that cannot be read."""
    share, _ = PLANES[msg.encoding]
    _check_size(msg, 1, sum(_plane_bytes(msg)))
    if msg.height % share or msg.width % share:
        raise ImageConversionError(
            f"odd size ({_values(msg)}): {msg.encoding} stores colour for 2 x 2 pixels together"
        )


def _check_size(msg: Image, pixel_bytes: int, data_bytes: int) -> None:
    """Raises `ImageConversionError` for an image without pixels or with too little data."""
    if msg.height == 0 or msg.width == 0:
        raise ImageConversionError(
            f"empty image ({_values(msg)}): height and width must be at least 1"
        )
    row_bytes = msg.width * pixel_bytes
    if msg.step < row_bytes:
        raise ImageConversionError(
            f"step too small ({_values(msg)}): {msg.width} pixels of {pixel_bytes} bytes need a "
            f"step of at least {row_bytes} bytes"
        )
    if len(msg.data) < data_bytes:
        raise ImageConversionError(
            f"data too short ({_values(msg)}): height x step needs {data_bytes} bytes"
        )


def _values(msg: Image) -> str:
    return (
        f"encoding {msg.encoding!r}, height {msg.height}, width {msg.width}, step {msg.step}, "
        f"{len(msg.data)} bytes of data"
    )


_FROM_RGB: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "rgb8": lambda rgb: rgb,
    "bgr8": lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR),
    "rgba8": lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA),
    "bgra8": lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA),
    "mono8": lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY),
}


def rgb_to_image(rgb: NDArray[np.uint8], header: Header, encoding: str = "rgb8") -> Image:
    """Returns a message of an RGB image, (H, W, 3) uint8, in an 8-bit colour encoding or mono8.

    Raises:
        ImageConversionError: unsupported encoding, or an image of another shape or type.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise ImageConversionError(f"expected (H, W, 3) uint8, got {rgb.shape} {rgb.dtype}")
    if encoding not in _FROM_RGB:
        raise ImageConversionError(
            f"cannot write encoding {encoding!r}: supported are {', '.join(_FROM_RGB)}"
        )
    return _message(_FROM_RGB[encoding](rgb), header, encoding)


def mask_to_image(mask: NDArray[np.bool_], header: Header) -> Image:
    """Returns a mono8 message of a mask, (H, W) bool: 255 where it is true, 0 elsewhere.

    Raises:
        ImageConversionError: a mask of another shape or type.
    """
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise ImageConversionError(f"expected (H, W) bool, got {mask.shape} {mask.dtype}")
    return _message(mask.view(np.uint8) * np.uint8(255), header, "mono8")


def _message(pixels: NDArray[np.uint8], header: Header, encoding: str) -> Image:
    data = array.array("B")  # any other type is copied value by value when it is assigned
    data.frombytes(np.ascontiguousarray(pixels).data.cast("B"))
    height, width = pixels.shape[:2]
    return Image(
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=sys.byteorder == "big",
        step=len(data) // height if height else 0,
        data=data,
    )
