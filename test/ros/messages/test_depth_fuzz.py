# SPDX-License-Identifier: Apache-2.0
"""Depth images and calibrations with odd fields: metres or a reason, and nothing else."""

from __future__ import annotations

import random
from contextlib import suppress

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from helpers.depth import camera_info, compressed_depth, stamped
from llmseg_ros.messages.conversions import ImageConversionError
from llmseg_ros.messages.depth_conversions import depth_to_metres
from llmseg_ros.messages.intrinsics import distortion_warning, pinhole_of
from reliability import malformed_messages
from reliability.odd_values import damaged_bytes

ODD = (0.0, -1.0, 1e-300, 1e300, float("nan"), float("inf"), 600.0)


@pytest.mark.parametrize("seed", range(4))
def test_images(seed: int) -> None:
    choose, read = random.Random(seed), 0
    for _ in range(300):
        case = malformed_messages.image(choose)
        names = ("height", "width", "step", "is_bigendian", "data")
        encoding = choose.choice(("16UC1", "32FC1", "mono16", case["encoding"]))
        msg = Image(encoding=encoding, **{name: case[name] for name in names})
        try:
            metres = depth_to_metres(msg)
        except ImageConversionError:
            continue
        assert metres.shape == (msg.height, msg.width)
        assert metres.dtype == np.float32
        read += 1
    assert read > 10


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_compressed_images(encoding: str) -> None:
    whole = bytes(compressed_depth(np.full((5, 6), 0.7), stamped(0), encoding).data)
    choose = random.Random(1)
    for _ in range(300):
        formats = (f"{encoding}; compressedDepth png", f"{encoding}; compressedDepth", "png", "")
        msg = CompressedImage(
            format=choose.choice(formats), data=bytes(damaged_bytes(choose, whole))
        )
        with suppress(ImageConversionError):
            assert depth_to_metres(msg).ndim == 2


def test_calibrations() -> None:
    choose = random.Random(2)
    for _ in range(500):
        info: CameraInfo = camera_info(stamped(0))
        for name in choose.sample(["k", "p", "d"], choose.randrange(3)):
            values = list(getattr(info, name))
            for index in range(len(values)):
                if choose.random() < 0.3:
                    values[index] = choose.choice(ODD)
            setattr(info, name, values)
        for name in choose.sample(["height", "width", "binning_x", "binning_y"], 2):
            setattr(info, name, choose.choice((0, 1, 2, 7, 120, 160, 2**32 - 1)))
        info.roi.x_offset = choose.choice((0, 3, 2**32 - 1))
        info.roi.width = choose.choice((0, 0, 0, 10, 2**32 - 1))
        assert isinstance(distortion_warning(info, "/image"), str)
        try:
            camera = pinhole_of(info, 120, 160, choose.random() < 0.5)
        except ValueError:
            continue
        assert np.isfinite([camera.fx, camera.fy, camera.cx, camera.cy]).all()
