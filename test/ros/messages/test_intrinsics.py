# SPDX-License-Identifier: Apache-2.0
"""The pinhole of an image: binning, regions, resized images, empty calibrations."""

from __future__ import annotations

import re

import pytest
from sensor_msgs.msg import CameraInfo, RegionOfInterest

from helpers.depth import camera_info, stamped
from llmseg_core.geometry.pinhole import Pinhole
from llmseg_ros.messages.intrinsics import distortion_warning, pinhole_of


def info(**changes: object) -> CameraInfo:
    """640 x 480 with a focal length of 600."""
    msg = camera_info(stamped(0), 480, 640)
    for name, value in changes.items():
        setattr(msg, name, value)
    return msg


def test_raw_images_have_k_and_rectified_ones_p() -> None:
    both = info(p=[500.0, 0, 310, 0, 0, 510, 230, 0, 0, 0, 1, 0])
    assert pinhole_of(both, 480, 640, is_rectified=False) == Pinhole(600, 600, 319.5, 239.5)
    assert pinhole_of(both, 480, 640, is_rectified=True) == Pinhole(500, 510, 310, 230)


def test_what_is_empty_is_taken_from_the_other() -> None:
    assert pinhole_of(info(p=[0.0] * 12), 480, 640, is_rectified=True).fx == 600
    assert pinhole_of(info(k=[0.0] * 9), 480, 640, is_rectified=False).fx == 600


def test_binning_and_region() -> None:
    binned = info(binning_x=2, binning_y=2)
    assert pinhole_of(binned, 240, 320, is_rectified=False) == Pinhole(300, 300, 159.75, 119.75)
    region = RegionOfInterest(x_offset=100, y_offset=60, width=320, height=240)
    cut = pinhole_of(info(roi=region), 240, 320, is_rectified=False)
    assert cut == Pinhole(600, 600, 219.5, 179.5)
    both = info(roi=region, binning_x=2, binning_y=2)
    assert pinhole_of(both, 120, 160, is_rectified=False).cx == 219.5 / 2


def test_a_resized_image() -> None:
    assert pinhole_of(info(), 960, 1280, is_rectified=False) == Pinhole(1200, 1200, 639.5, 479.5)


def test_a_calibration_without_a_size() -> None:
    assert pinhole_of(info(width=0, height=0), 100, 100, is_rectified=False).fx == 600


@pytest.mark.parametrize(
    ("msg", "size", "reason"),
    [
        (CameraInfo(), (480, 640), r"no focal length \(K 0, 0; P 0, 0\).*calibrated"),
        (info(), (480, 848), "image is 848 x 480, and its camera_info is of 640 x 480"),
        (info(k=[float("nan")] * 9, p=[0.0] * 12), (480, 640), "no focal length"),
        (info(k=[6e2, 0, float("inf"), 0, 6e2, 1, 0, 0, 1]), (480, 640), "cx is inf"),
    ],
)
def test_what_is_no_camera_says_why(msg: CameraInfo, size: tuple[int, int], reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        pinhole_of(msg, *size, is_rectified=False)
    assert re.search(reason, str(caught.value))


def test_distortion_is_told() -> None:
    assert distortion_warning(info(), "/camera/image_raw") == ""
    assert distortion_warning(info(d=[]), "/camera/image_raw") == ""
    text = distortion_warning(info(d=[-0.3, 0.1, 0.0, 0.0, 0.0]), "/camera/image_raw")
    assert "D -0.3, 0.1" in text
    assert "/camera/image_raw" in text
