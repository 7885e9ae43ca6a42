# SPDX-License-Identifier: Apache-2.0
"""Compressed images in the formats that image_transport's plugins write."""

from __future__ import annotations

import array
import struct
from zlib import crc32

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from llmseg_ros.messages.compressed_images import (
    check_compressed,
    compressed_to_rgb,
    rgb_to_compressed,
)
from llmseg_ros.messages.conversions import ImageConversionError, image_to_rgb


def message(format_text: str, pixels: np.ndarray, codec: str = ".png") -> CompressedImage:
    """A message of stored pixels, in OpenCV's order."""
    ok, data = cv2.imencode(codec, pixels)
    assert ok
    return CompressedImage(format=format_text, data=array.array("B", data.tobytes()))


@pytest.mark.parametrize("extension", [".png", ".jpg"])
@pytest.mark.parametrize("encoding", ["", "rgb8; {} compressed bgr8", "bgr8; {} compressed bgr8"])
def test_colour(extension: str, encoding: str) -> None:
    rgb = np.full((16, 24, 3), (200, 30, 60), np.uint8)
    name = encoding.format(extension[1:]) or extension[1:]
    decoded = compressed_to_rgb(message(name, rgb[..., ::-1], extension))
    assert decoded.shape == rgb.shape
    assert np.abs(decoded.astype(int) - rgb).max() <= (0 if extension == ".png" else 4)


def test_orders_and_alpha() -> None:
    pixels = np.full((4, 5, 4), (1, 2, 3, 9), np.uint8)
    for name, stored, expected in (
        ("rgb8; png compressed rgb8", pixels[..., :3], [1, 2, 3]),
        ("bgra8; png compressed bgra8", pixels, [3, 2, 1]),
        ("mono8; png compressed ", pixels[..., 0], [1, 1, 1]),
    ):
        assert compressed_to_rgb(message(name, stored))[0, 0].tolist() == expected


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_a_mosaic_becomes_what_the_raw_image_is(pattern: str, bits: int) -> None:
    dtype = np.uint8 if bits == 8 else np.uint16
    mosaic = np.random.default_rng(1).integers(0, 2**bits, (6, 8), dtype=dtype)
    encoding = f"bayer_{pattern}{bits}"
    raw = Image(
        height=6,
        width=8,
        step=bits,
        encoding=encoding,
        data=array.array("B", mosaic.tobytes()),
    )
    expected = image_to_rgb(raw)
    assert np.ptp(expected, axis=2).any()
    for name in (f"{encoding}; png compressed ", f"{encoding};png compressed"):
        np.testing.assert_array_equal(compressed_to_rgb(message(name, mosaic)), expected)


def test_a_mosaic_that_was_made_colour_before_it_was_compressed() -> None:
    pixels = np.full((4, 4, 3), (10, 20, 30), np.uint8)
    decoded = compressed_to_rgb(message("bayer_rggb8; png compressed bgr8", pixels))
    assert decoded[0, 0].tolist() == [30, 20, 10]


def test_16_bits_are_scaled_as_raw_ones_are() -> None:
    values = np.full((2, 2), 257 * 77 + 129, np.uint16)
    grey = compressed_to_rgb(message("mono16; png compressed ", values))
    assert (grey == 78).all()
    colour = compressed_to_rgb(message("rgb16; png compressed bgr16", np.stack([values] * 3, -1)))
    assert (colour == 78).all()


def test_depth_is_grey() -> None:
    msg = message("16UC1; compressedDepth png", np.full((2, 2), 257 * 5, np.uint16))
    msg.data = array.array("B", bytes(12)) + msg.data
    assert (compressed_to_rgb(msg) == 5).all()


@pytest.mark.parametrize("data", [b"", b"not an image"])
@pytest.mark.parametrize("name", ["jpeg", "16UC1; compressedDepth rvl"])
def test_what_is_no_image(name: str, data: bytes) -> None:
    msg = CompressedImage(format=name, data=array.array("B", data))
    with pytest.raises(ImageConversionError, match=f"'{name}', {len(data)} bytes"):
        compressed_to_rgb(msg)


def test_sizes_and_depths_that_cannot_be() -> None:
    with pytest.raises(ImageConversionError, match=r"too small .* 2 x 4 pixels"):
        compressed_to_rgb(message("bayer_rggb8; png compressed ", np.zeros((2, 4), np.uint8)))
    with pytest.raises(ImageConversionError, match="cannot decode"):
        compressed_to_rgb(message("32FC1; tiff", np.zeros((4, 4), np.float32), ".tiff"))


def png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG that says it has this size."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + body + struct.pack(">I", crc32(body))
    return b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", 1000) + b"IDAT" + bytes(20)


@pytest.mark.parametrize("codec", [".png", ".jpg", ".webp"])
def test_the_size_is_known_before_decoding(codec: str) -> None:
    msg = message("bgr8", np.zeros((30, 40, 3), np.uint8), codec)
    check_compressed(msg, 1200)
    with pytest.raises(ImageConversionError, match=r"40 x 30 pixels, and max_megapixels allows"):
        check_compressed(msg, 1199)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (png_header(13_000, 13_000), "13000 x 13000 pixels"),
        (png_header(60_000, 60_000), "too large"),
        (b"", "cannot decode"),
        (b"\xff\xd8\xff\xe0", "cannot decode"),
        (b"GIF89a" + bytes(40), "cannot decode"),
        (b"\x00\x00\x00\x01\x67\x42", "cannot decode"),
    ],
    ids=["large", "enormous", "empty", "cut", "gif", "h264"],
)
@pytest.mark.filterwarnings("error")
def test_what_is_too_large_or_no_image_is_refused_undecoded(content: bytes, reason: str) -> None:
    msg = CompressedImage(format="h264", data=array.array("B", content))
    with pytest.raises(ImageConversionError, match=reason) as caught:
        check_compressed(msg, 50_000_000)
    assert "format 'h264'" in str(caught.value)


def test_a_jpeg_of_ours_is_read_as_it_was() -> None:
    rgb = np.full((16, 24, 3), (200, 30, 60), np.uint8)
    header = Header(frame_id="camera")
    small, large = (rgb_to_compressed(rgb, header, quality) for quality in (1, 100))
    assert small.header == header
    assert small.format == "rgb8; jpeg compressed bgr8"
    assert np.abs(compressed_to_rgb(large).astype(int) - rgb).max() <= 2
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    sizes = [len(rgb_to_compressed(noise, header, quality).data) for quality in (1, 50, 100)]
    assert sizes == sorted(sizes)
