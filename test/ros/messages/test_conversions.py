# SPDX-License-Identifier: Apache-2.0
"""Conversion of image messages, against pixels worked out by hand, OpenCV and rosbags_image."""

from __future__ import annotations

import array

import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from llmseg_ros.messages import conversions
from llmseg_ros.messages.conversions import (
    SUPPORTED_ENCODINGS,
    ImageConversionError,
    image_to_rgb,
    mask_to_image,
    rgb_to_image,
)

BAYER_PATTERNS = ("rggb", "bggr", "gbrg", "grbg")
CHANNEL = {"r": 0, "g": 1, "b": 2}
PACKED_ENCODINGS = [name for name in SUPPORTED_ENCODINGS if name not in conversions.PLANES]


def make_message(
    pixels: np.ndarray, encoding: str, padding: int = 0, big_endian: bool = False
) -> Image:
    """A message as a driver would send it, with `padding` bytes of 0xAA after each row."""
    stored = pixels.astype(pixels.dtype.newbyteorder(">" if big_endian else "<"))
    rows = stored.reshape(len(stored), -1).view(np.uint8).reshape(len(stored), -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=0xAA)
    return Image(
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=int(big_endian),
        step=rows.shape[1],
        data=array.array("B", rows.tobytes()),
    )


def random_pixels(encoding: str, height: int = 6, width: int = 8) -> np.ndarray:
    """Random stored values with the channels and depth that the encoding's name tells."""
    rng = np.random.default_rng(sum(encoding.encode()))
    name = encoding.lower()
    channels = 1
    if name in ("uyvy", "yuyv") or name.startswith("yuv"):
        channels = 2
    elif name.startswith(("rgba", "bgra")) or name.endswith("c4"):
        channels = 4
    elif name.startswith(("rgb", "bgr")) or name.endswith("c3"):
        channels = 3
    dtype = np.uint16 if "16" in name else np.uint8
    shape = (height, width) if channels == 1 else (height, width, channels)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


@pytest.mark.parametrize(
    ("encoding", "pixel", "expected"),
    [
        ("rgb8", [10, 20, 30], [10, 20, 30]),
        ("bgr8", [10, 20, 30], [30, 20, 10]),
        ("rgba8", [10, 20, 30, 40], [10, 20, 30]),
        ("bgra8", [10, 20, 30, 40], [30, 20, 10]),
        ("mono8", [77], [77, 77, 77]),
        ("8UC1", [77], [77, 77, 77]),
        ("8UC3", [10, 20, 30], [30, 20, 10]),
        ("8UC4", [10, 20, 30, 40], [30, 20, 10]),
    ],
)
def test_8_bit_pixels(encoding: str, pixel: list[int], expected: list[int]) -> None:
    pixels = np.tile(np.array(pixel, np.uint8), (2, 3, 1))
    rgb = image_to_rgb(make_message(pixels, encoding))
    np.testing.assert_array_equal(rgb, np.tile(np.array(expected, np.uint8), (2, 3, 1)))


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize(
    ("encoding", "pixel", "expected"),
    [
        # 257 x 77 is 77 exactly; 128 above it rounds down, 129 above it up.
        ("mono16", [257 * 77], [77, 77, 77]),
        ("mono16", [257 * 77 + 128], [77, 77, 77]),
        ("mono16", [257 * 77 + 129], [78, 78, 78]),
        ("16UC1", [65535], [255, 255, 255]),
        ("rgb16", [0, 257, 65535], [0, 1, 255]),
        ("bgr16", [0, 257, 65535], [255, 1, 0]),
        ("rgba16", [514, 257, 65535, 9], [2, 1, 255]),
        ("bgra16", [514, 257, 65535, 9], [255, 1, 2]),
        ("16UC3", [0, 257, 65535], [255, 1, 0]),
        ("16UC4", [0, 257, 65535, 3], [255, 1, 0]),
    ],
)
def test_16_bit_pixels(
    encoding: str, pixel: list[int], expected: list[int], big_endian: bool
) -> None:
    pixels = np.tile(np.array(pixel, np.uint16), (2, 3, 1))
    rgb = image_to_rgb(make_message(pixels, encoding, big_endian=big_endian))
    np.testing.assert_array_equal(rgb, np.tile(np.array(expected, np.uint8), (2, 3, 1)))


def test_every_16_bit_value_is_rounded() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.round(values.astype(np.float64) * 255 / 65535).astype(np.uint8)
    np.testing.assert_array_equal(image_to_rgb(make_message(values, "mono16"))[..., 0], expected)


@pytest.mark.parametrize(
    ("encoding", "order"),
    [("yuv422", "uyvy"), ("uyvy", "uyvy"), ("yuv422_yuy2", "yuyv"), ("yuyv", "yuyv")],
)
def test_yuv422_pixels(encoding: str, order: str) -> None:
    # ITU-R BT.601, limited range: full red is Y 81, U 90, V 240; white is 235, 128, 128.
    red_and_red = {"y": 81, "u": 90, "v": 240}
    white_and_black = {"y": [235, 16], "u": 128, "v": 128}
    row = [red_and_red[letter] for letter in order]
    lumas = iter(white_and_black["y"])
    row += [next(lumas) if letter == "y" else white_and_black[letter] for letter in order]
    pixels = np.array(row, np.uint8).reshape(1, 4, 2)
    rgb = image_to_rgb(make_message(pixels, encoding)).astype(int)
    expected = [[255, 0, 0], [255, 0, 0], [255, 255, 255], [0, 0, 0]]
    assert np.abs(rgb[0] - expected).max() <= 2


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
@pytest.mark.parametrize("colour", ["r", "g", "b"])
def test_bayer_of_one_colour(pattern: str, bits: int, colour: str) -> None:
    """A surface that reflects one colour only: each inner pixel must come out in that colour."""
    full = 255 if bits == 8 else 65535
    tile = np.array([full * (letter == colour) for letter in pattern]).reshape(2, 2)
    mosaic = np.tile(tile, (4, 5)).astype(np.uint8 if bits == 8 else np.uint16)
    rgb = image_to_rgb(make_message(mosaic, f"bayer_{pattern}{bits}"))
    assert rgb.shape == (8, 10, 3)
    expected = np.zeros(3, np.uint8)
    expected[CHANNEL[colour]] = 255
    np.testing.assert_array_equal(rgb[1:-1, 1:-1], np.broadcast_to(expected, (6, 8, 3)))


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_bayer_interpolates_between_neighbours(pattern: str) -> None:
    """Bilinear demosaicing: a colour missing at a pixel is the mean of its nearest samples."""
    rng = np.random.default_rng(3)
    mosaic = rng.integers(0, 256, (7, 9), dtype=np.uint8)
    rgb = image_to_rgb(make_message(mosaic, f"bayer_{pattern}8"))
    for y in range(1, 6):
        for x in range(1, 8):
            for channel in range(3):
                assert abs(int(rgb[y, x, channel]) - bilinear(mosaic, pattern, y, x, channel)) <= 1


def bilinear(mosaic: np.ndarray, pattern: str, y: int, x: int, channel: int) -> float:
    """The mean of the samples of a channel nearest to a pixel, in its 3 x 3 neighbourhood."""
    distances: dict[int, list[int]] = {}
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            if CHANNEL[pattern[(y + dy) % 2 * 2 + (x + dx) % 2]] == channel:
                distances.setdefault(dy * dy + dx * dx, []).append(int(mosaic[y + dy, x + dx]))
    return float(np.mean(distances[min(distances)]))


ROSBAGS_8_BIT = [
    encoding
    for encoding in PACKED_ENCODINGS
    if "16" not in encoding and not encoding.startswith("8U")
]


@pytest.mark.parametrize("encoding", ROSBAGS_8_BIT)
def test_agrees_with_rosbags_image(encoding: str) -> None:
    reference = pytest.importorskip("rosbags.image", reason="rosbags-image is not installed")
    msg = make_message(random_pixels(encoding), encoding)
    np.testing.assert_array_equal(image_to_rgb(msg), reference.image_to_cvimage(msg, "rgb8"))


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("padding", [0, 1, 2, 5, 64])
@pytest.mark.parametrize("encoding", PACKED_ENCODINGS)
def test_padding_and_byte_order_change_nothing(
    encoding: str, padding: int, big_endian: bool
) -> None:
    pixels = random_pixels(encoding)
    plain = image_to_rgb(make_message(pixels, encoding))
    assert plain.dtype == np.uint8
    assert plain.shape == (6, 8, 3)
    assert plain.flags.c_contiguous
    rgb = image_to_rgb(make_message(pixels, encoding, padding, big_endian))
    np.testing.assert_array_equal(rgb, plain)
    assert rgb.flags.c_contiguous


def test_opencv_and_cv_bridge_agree() -> None:
    pytest.importorskip("cv_bridge", reason="cv_bridge comes with ROS distributions only")
    if conversions.CV_BRIDGE_CONVERT is None:
        pytest.skip("this cv_bridge was built for another NumPy")
    for encoding in conversions.LAYOUTS:
        pixels = random_pixels(encoding)
        np.testing.assert_array_equal(
            conversions.cv_bridge_to_rgb(pixels, encoding),
            conversions.opencv_to_rgb(pixels, encoding),
            err_msg=encoding,
        )


def test_rgb8_is_not_copied() -> None:
    msg = make_message(random_pixels("rgb8"), "rgb8")
    rgb = image_to_rgb(msg)
    msg.data[0] = 255 - msg.data[0]
    assert rgb[0, 0, 0] == msg.data[0]


def test_longer_data_than_needed_is_accepted() -> None:
    pixels = random_pixels("rgb8")
    msg = make_message(pixels, "rgb8")
    msg.data.extend([1, 2, 3])
    np.testing.assert_array_equal(image_to_rgb(msg), pixels)


@pytest.mark.parametrize("encoding", ["", "h264", "RGB8", "32FC1", "NV12", "bayer_rgbg8"])
def test_unknown_encoding(encoding: str) -> None:
    msg = make_message(random_pixels("rgb8"), "rgb8")
    msg.encoding = encoding
    with pytest.raises(ImageConversionError, match="unknown encoding") as error:
        image_to_rgb(msg)
    assert repr(encoding) in str(error.value)
    for supported in SUPPORTED_ENCODINGS:
        assert supported in str(error.value)


@pytest.mark.parametrize("encoding", PACKED_ENCODINGS)
@pytest.mark.parametrize("missing", [1, 7, "all"])
def test_truncated_data(encoding: str, missing: int | str) -> None:
    msg = make_message(random_pixels(encoding), encoding)
    needed = len(msg.data)
    left = 0 if missing == "all" else needed - int(missing)
    msg.data = msg.data[:left]
    with pytest.raises(ImageConversionError, match="data too short") as error:
        image_to_rgb(msg)
    for value in (
        encoding,
        "height 6",
        "width 8",
        f"step {msg.step}",
        f"{left} bytes",
        str(needed),
    ):
        assert value in str(error.value)


@pytest.mark.parametrize("encoding", PACKED_ENCODINGS)
def test_step_below_a_row(encoding: str) -> None:
    msg = make_message(random_pixels(encoding), encoding)
    needed = msg.step
    msg.step -= 1
    with pytest.raises(ImageConversionError, match=f"step of at least {needed} bytes"):
        image_to_rgb(msg)


@pytest.mark.parametrize(("height", "width"), [(0, 8), (6, 0), (0, 0)])
def test_empty_image(height: int, width: int) -> None:
    msg = Image(height=height, width=width, encoding="rgb8", step=width * 3)
    with pytest.raises(ImageConversionError, match=f"height {height}, width {width}"):
        image_to_rgb(msg)


def test_sizes_that_an_encoding_cannot_have() -> None:
    with pytest.raises(ImageConversionError, match=r"odd width .*width 7"):
        image_to_rgb(make_message(random_pixels("yuv422", width=7), "yuv422"))
    with pytest.raises(ImageConversionError, match=r"too small .*height 2.* 3 x 3"):
        image_to_rgb(make_message(random_pixels("bayer_rggb8", height=2), "bayer_rggb8"))


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgba8", "bgra8"])
def test_rgb_to_image_and_back(encoding: str) -> None:
    rgb = random_pixels("rgb8", height=5, width=7)
    header = Header(frame_id="camera")
    header.stamp.sec, header.stamp.nanosec = 12, 34
    msg = rgb_to_image(rgb, header, encoding)
    assert (msg.height, msg.width, msg.encoding) == (5, 7, encoding)
    assert msg.step == 7 * len(encoding.removesuffix("8"))
    assert len(msg.data) == msg.height * msg.step
    assert isinstance(msg.data, array.array)
    assert msg.header == header
    np.testing.assert_array_equal(image_to_rgb(msg), rgb)


def test_rgb_to_image_channel_order() -> None:
    rgb = np.array([[[1, 2, 3]]], np.uint8)
    assert list(rgb_to_image(rgb, Header(), "bgr8").data) == [3, 2, 1]
    assert list(rgb_to_image(rgb, Header(), "rgba8").data) == [1, 2, 3, 255]
    # ITU-R BT.601 luma of pure green is 0.587.
    green = np.array([[[0, 255, 0]]], np.uint8)
    assert list(rgb_to_image(green, Header(), "mono8").data) == [150]


def test_rgb_to_image_takes_views() -> None:
    rgb = random_pixels("rgb8", height=6, width=8)
    np.testing.assert_array_equal(
        image_to_rgb(rgb_to_image(rgb[::2, 1:5], Header())), rgb[::2, 1:5]
    )


def test_rgb_to_image_refuses() -> None:
    rgb = random_pixels("rgb8")
    with pytest.raises(ImageConversionError, match="'yuv422': supported are rgb8, bgr8"):
        rgb_to_image(rgb, Header(), "yuv422")
    with pytest.raises(ImageConversionError, match=r"\(H, W, 3\) uint8, got \(6, 8\) uint8"):
        rgb_to_image(rgb[..., 0], Header())
    with pytest.raises(ImageConversionError, match="float32"):
        rgb_to_image(rgb.astype(np.float32), Header())


def test_mask_to_image() -> None:
    mask = np.array([[True, False, False], [False, True, True]])
    msg = mask_to_image(mask, Header(frame_id="camera"))
    assert (msg.height, msg.width, msg.step, msg.encoding) == (2, 3, 3, "mono8")
    assert list(msg.data) == [255, 0, 0, 0, 255, 255]
    assert msg.header.frame_id == "camera"
    assert list(mask_to_image(mask[:, ::2], Header()).data) == [255, 0, 0, 255]
    with pytest.raises(ImageConversionError, match=r"\(H, W\) bool, got \(2, 3\) uint8"):
        mask_to_image(mask.astype(np.uint8), Header())
