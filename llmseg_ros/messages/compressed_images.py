# SPDX-License-Identifier: Apache-2.0
"""Conversion between `sensor_msgs/CompressedImage` messages and NumPy images."""

from __future__ import annotations

import array
import warnings
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from .conversions import LAYOUTS, ImageConversionError, Pixels, opencv_to_rgb

__all__ = ["check_compressed", "compressed_to_rgb", "rgb_to_compressed"]

DEPTH_HEAD_BYTES = 12
"""before the PNG of a compressedDepth message: how distances were stored"""

READ_FORMATS = ("JPEG", "PNG", "WEBP")
"""what a message may hold, as Pillow calls it"""


def check_compressed(msg: CompressedImage, most_pixels: int) -> None:
    """Looks at a message's header and the image file's, and decodes nothing.

    Args:
        msg: the message.
        most_pixels: of its image; a file of a few kB may ask for the memory of far more.

    Raises:
        ImageConversionError: the data begins like no image file, or has more pixels.
    """
    try:
        with warnings.catch_warnings():  # it warns of sizes that are judged here
            warnings.simplefilter("ignore", PillowImage.DecompressionBombWarning)
            image = PillowImage.open(BytesIO(_content(msg).tobytes()), formats=READ_FORMATS)
        width, height = image.size
    except PillowImage.DecompressionBombError as error:
        raise ImageConversionError(_too_large(msg, str(error), most_pixels)) from error
    except Exception as error:  # decoders of damaged files raise what they like
        raise ImageConversionError(_undecodable(msg)) from error
    if width * height > most_pixels:
        raise ImageConversionError(_too_large(msg, f"{width} x {height} pixels", most_pixels))


def _content(msg: CompressedImage) -> NDArray[np.uint8]:
    """The image file."""
    data = np.frombuffer(msg.data, np.uint8)
    return data[DEPTH_HEAD_BYTES:] if "compressedDepth" in msg.format else data


def _undecodable(msg: CompressedImage) -> str:
    return (
        f"cannot decode a compressed image (format {msg.format!r}, {len(msg.data)} bytes of "
        "data): the data must be a whole JPEG or PNG file"
    )


def _too_large(msg: CompressedImage, size: str, most_pixels: int) -> str:
    return (
        f"compressed image too large (format {msg.format!r}, {len(msg.data)} bytes of data): "
        f"{size}, and max_megapixels allows {most_pixels / 1e6:g} million"
    )


def compressed_to_rgb(msg: CompressedImage) -> NDArray[np.uint8]:
    """Returns the image of a JPEG, PNG or other message that OpenCV decodes, (H, W, 3) RGB, uint8.

    `format` is read as image_transport's plugins write it, "encoding; codec compressed order": the
    pixels of a bayer encoding are a mosaic, and an order that begins with rgb has red first. Depth
    ("16UC1; compressedDepth png") becomes grey, as the raw image does. 16-bit values are scaled as
    by `image_to_rgb`.

    Raises:
        ImageConversionError: the data is no image that can be decoded.
    """
    data = _content(msg)
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    except cv2.error:  # such as one that says it has a billion pixels
        pixels = None
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        raise ImageConversionError(_undecodable(msg))
    encoding = _decoded_encoding(msg.format, pixels)
    if encoding.startswith("bayer") and min(pixels.shape[:2]) < 3:
        raise ImageConversionError(
            f"image too small (format {msg.format!r}, {pixels.shape[0]} x {pixels.shape[1]} "
            "pixels): bayer needs 3 x 3 pixels or more"
        )
    return opencv_to_rgb(pixels, encoding)


def _decoded_encoding(format_text: str, pixels: Pixels) -> str:
    """The encoding of pixels that were decoded from a message of that format."""
    encoding, _, codec = format_text.partition(";")
    bits = 8 * pixels.itemsize
    if pixels.ndim == 2:
        mosaic = f"{encoding.strip().rstrip('0123456789')}{bits}"
        return mosaic if mosaic.startswith("bayer") and mosaic in LAYOUTS else f"mono{bits}"
    order = "rgb" if "compressed rgb" in codec else "bgr"
    return f"{order}{'a' if pixels.shape[2] == 4 else ''}{bits}"


def rgb_to_compressed(rgb: NDArray[np.uint8], header: Header, quality: int) -> CompressedImage:
    """Returns a message of an RGB image, (H, W, 3) uint8, as JPEG of a quality from 1 to 100.

    Its `format` is what image_transport's plugin writes, so that every subscriber reads it.
    """
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    done, content = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not done:
        raise ImageConversionError(f"cannot write a JPEG of {rgb.shape[1]} x {rgb.shape[0]} pixels")
    data = array.array("B")  # any other type is copied value by value when it is assigned
    data.frombytes(content.data.cast("B"))
    return CompressedImage(header=header, format="rgb8; jpeg compressed bgr8", data=data)
