# SPDX-License-Identifier: Apache-2.0
"""Depth messages of every kind give metres, or a reason."""

from __future__ import annotations

import array
import re

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from helpers.depth import compressed_depth, depth_message, stamped
from llmseg_ros.messages.conversions import ImageConversionError
from llmseg_ros.messages.depth_conversions import depth_to_metres

HEADER = stamped(0)
DEPTH = np.random.default_rng(0).uniform(0.3, 4.0, (7, 5)).astype(np.float32)


def test_millimetres_and_metres() -> None:
    np.testing.assert_allclose(depth_to_metres(depth_message(DEPTH, HEADER)), DEPTH, atol=6e-4)
    in_metres = depth_message(DEPTH, HEADER, "32FC1")
    np.testing.assert_array_equal(depth_to_metres(in_metres), DEPTH)
    np.testing.assert_array_equal(depth_to_metres(in_metres, 0.5), DEPTH)


def test_another_unit() -> None:
    tenths = depth_message(10 * DEPTH, HEADER)
    np.testing.assert_allclose(depth_to_metres(tenths, 1e-4), DEPTH, atol=6e-5)


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_padding_and_byte_order(encoding: str) -> None:
    msg = depth_message(DEPTH, HEADER, encoding)
    wide = msg.step + 6
    values = np.frombuffer(msg.data, "<u2" if encoding == "16UC1" else "<f4").reshape(7, 5)
    rows = np.zeros((7, wide), np.uint8)
    rows[:, : msg.step] = values.byteswap().view(np.uint8).reshape(7, -1)
    data = array.array("B", rows.tobytes())
    big = Image(
        header=HEADER, height=7, width=5, encoding=encoding, is_bigendian=1, step=wide, data=data
    )
    np.testing.assert_allclose(depth_to_metres(big), depth_to_metres(msg))


@pytest.mark.parametrize(("encoding", "error"), [("16UC1", 6e-4), ("32FC1", 2e-3)])
def test_compressed(encoding: str, error: float) -> None:
    depth = DEPTH.copy()
    depth[2, 3] = 0
    metres = depth_to_metres(compressed_depth(depth, HEADER, encoding))
    seen = depth > 0
    np.testing.assert_allclose(metres[seen], depth[seen], atol=error)
    assert not metres[2, 3] > 0


def png(values: np.ndarray) -> bytes:
    return bytes(12) + cv2.imencode(".png", values)[1].tobytes()


GIANT = bytearray(png(np.zeros((4, 4), np.uint16)))
GIANT[12 + 16 : 12 + 24] = (60_000).to_bytes(4, "big") * 2


@pytest.mark.parametrize(
    ("msg", "reason"),
    [
        (Image(encoding="rgb8", height=2, width=2, step=6, data=bytes(12)), "no depth image.*rgb8"),
        (Image(encoding="32FC1"), "empty depth image.*height 0"),
        (
            Image(encoding="16UC1", height=2, width=2, step=4, data=bytes(7)),
            "too short.*7 bytes of data",
        ),
        (
            Image(encoding="16UC1", height=2, width=2, step=3, data=bytes(8)),
            "too short.*step 3.*a row needs 4 bytes",
        ),
        (CompressedImage(format="jpeg", data=b"x"), "no depth image .format 'jpeg'"),
        (
            CompressedImage(format="16UC1; compressedDepth rvl", data=bytes(40)),
            "RVL is not read.*png",
        ),
        (CompressedImage(format="16UC1; compressedDepth png", data=bytes(3)), "cannot decode"),
        (CompressedImage(format="16UC1; compressedDepth png", data=bytes(90)), "cannot decode"),
        (
            CompressedImage(format="16UC1; compressedDepth png", data=png(DEPTH.astype("u2"))[:60]),
            "a whole PNG of 16 bits",
        ),
        (
            CompressedImage(
                format="16UC1; compressedDepth", data=png(np.zeros((3, 3, 3), np.uint8))
            ),
            "a whole PNG of 16 bits",
        ),
        (
            CompressedImage(format="16UC1; compressedDepth png", data=bytes(GIANT)),
            "60000 x 60000 pixels: at most",
        ),
    ],
)
def test_what_cannot_be_read_says_why(msg: Image | CompressedImage, reason: str) -> None:
    with pytest.raises(ImageConversionError) as caught:
        depth_to_metres(msg)
    assert re.search(reason, str(caught.value))
