# SPDX-License-Identifier: Apache-2.0
"""Images of the encodings nv12, nv21 and nv24, against pixels worked out by hand."""

from __future__ import annotations

import array

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import Image

from llmseg_ros.messages.conversions import ImageConversionError, image_to_rgb

ENCODINGS = ("nv12", "nv21", "nv24")

# ITU-R BT.601, limited range: Y, U, V.
COLOURS = {
    (255, 0, 0): (81, 90, 240),
    (0, 255, 0): (145, 54, 34),
    (0, 0, 255): (41, 240, 110),
    (255, 255, 255): (235, 128, 128),
}
"""Y, U and V of ITU-R BT.601, limited range, by RGB"""


def planes_message(yuv: np.ndarray, encoding: str, padding: int = 0) -> Image:
    """A message of (H, W, 3) Y, U, V; `padding` bytes of 0xAA follow each row of brightness."""
    height, width = yuv.shape[:2]
    share = 1 if encoding == "nv24" else 2
    colour = yuv[::share, ::share, :0:-1] if encoding == "nv21" else yuv[::share, ::share, 1:]
    rows = np.pad(yuv[..., 0], ((0, 0), (0, padding)), constant_values=0xAA)
    colour_padding = 2 * padding // share
    colour_rows = np.pad(
        colour.reshape(height // share, -1), ((0, 0), (0, colour_padding)), constant_values=0xAA
    )
    return Image(
        height=height,
        width=width,
        encoding=encoding,
        step=width + padding,
        data=array.array("B", rows.tobytes() + colour_rows.tobytes()),
    )


def blocks(size: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """A picture of four one-coloured blocks: (H, W, 3) RGB and the same as Y, U, V."""
    layout = np.arange(4).reshape(2, 2).repeat(size, axis=0).repeat(size, axis=1)
    rgb, yuv = (np.array(list(table), np.uint8) for table in (COLOURS, COLOURS.values()))
    return rgb[layout], yuv[layout]


@pytest.mark.parametrize("padding", [0, 2, 30])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_colours(encoding: str, padding: int) -> None:
    rgb, yuv = blocks()
    read = image_to_rgb(planes_message(yuv, encoding, padding))
    assert read.shape == (4, 4, 3)
    assert read.dtype == np.uint8
    assert read.flags.c_contiguous
    assert np.abs(read.astype(int) - rgb).max() <= 3


def test_nv24_has_a_colour_for_every_pixel() -> None:
    rgb, yuv = blocks(1)
    for crop in (slice(0, 2), slice(0, 1)):  # odd sizes too
        read = image_to_rgb(planes_message(yuv[crop, crop], "nv24"))
        assert np.abs(read.astype(int) - rgb[crop, crop]).max() <= 3


@pytest.mark.parametrize(
    ("encoding", "code"), [("nv12", cv2.COLOR_YUV2RGB_NV12), ("nv21", cv2.COLOR_YUV2RGB_NV21)]
)
def test_agrees_with_opencv(encoding: str, code: int) -> None:
    data = np.random.default_rng(3).integers(0, 256, (9, 8), dtype=np.uint8)
    msg = Image(height=6, width=8, step=8, encoding=encoding, data=array.array("B", data.tobytes()))
    np.testing.assert_array_equal(image_to_rgb(msg), cv2.cvtColor(data, code))


@pytest.mark.parametrize(("encoding", "needed"), [("nv12", 24), ("nv21", 24), ("nv24", 48)])
def test_what_is_refused(encoding: str, needed: int) -> None:
    whole = planes_message(blocks()[1], encoding)
    fields = {name: getattr(whole, name) for name in ("height", "width", "step", "data")}
    changes: list[tuple[dict[str, object], str]] = [
        ({"data": whole.data[:-1]}, f"data too short .* needs {needed} bytes"),
        ({"step": 3}, "step too small .* at least 4 bytes"),
        ({"height": 0}, "empty image"),
    ]
    if encoding != "nv24":
        changes += [({"width": 3}, "odd size"), ({"height": 3}, "odd size")]
    for change, reason in changes:
        msg = Image(encoding=encoding, **(fields | change))
        with pytest.raises(ImageConversionError, match=reason):
            image_to_rgb(msg)
