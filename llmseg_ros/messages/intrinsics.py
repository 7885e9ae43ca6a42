# SPDX-License-Identifier: Apache-2.0
"""The pinhole of an image, from its `sensor_msgs/CameraInfo`."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import CameraInfo

from llmseg_core.geometry.pinhole import Pinhole

__all__ = ["distortion_warning", "pinhole_of"]

ALIKE = 0.01
"""how much the ratios of an image's and its calibration's sides may differ"""


def pinhole_of(info: CameraInfo, height: int, width: int, is_rectified: bool) -> Pinhole:
    """The camera of an image of `height` x `width` pixels.

    Of a rectified image the projection P holds, of another K; one that is empty is the other.
    Binning and the region of interest are applied (REP 104). An image of another size than they
    say, with sides of the same ratio, has been resized.

    Raises:
        ValueError: no focal length, or an image of other proportions.
    """
    p, k = np.array(info.p, float), np.array(info.k, float)
    of_p, of_k = (p[0], p[5], p[2], p[6]), (k[0], k[4], k[2], k[5])
    known = [one for one in (of_p, of_k) if min(one[:2]) > 0]
    if not known:
        raise ValueError(
            f"the camera_info has no focal length (K {k[0]:g}, {k[4]:g}; P {p[0]:g}, {p[5]:g}): "
            "the camera must be calibrated"
        )
    fx, fy, cx, cy = known[0] if is_rectified else known[-1]
    bin_x, bin_y = max(1, info.binning_x), max(1, info.binning_y)
    full_width, full_height = info.roi.width or info.width, info.roi.height or info.height
    read_width, read_height = full_width / bin_x, full_height / bin_y
    camera = Pinhole(
        fx / bin_x, fy / bin_y, (cx - info.roi.x_offset) / bin_x, (cy - info.roi.y_offset) / bin_y
    )
    if not info.width or not info.height:
        return camera  # some drivers leave the size out
    if abs(read_width - width) < 1 and abs(read_height - height) < 1:
        return camera
    scale_x, scale_y = width / read_width, height / read_height
    if abs(scale_x / scale_y - 1) > ALIKE:
        raise ValueError(
            f"the image is {width} x {height}, and its camera_info is of {info.width} x "
            f"{info.height} (binning {bin_x} x {bin_y}, region {info.roi.width} x "
            f"{info.roi.height}): they must be of one camera"
        )
    return camera.scaled(scale_x, scale_y)


def distortion_warning(info: CameraInfo, topic: str) -> str:
    """What is wrong with a distorted image that is not rectified; empty if it is not distorted."""
    if not any(abs(value) > 1e-6 for value in info.d):
        return ""
    terms = ", ".join(f"{value:.3g}" for value in list(info.d)[:5])
    return (
        f"its camera_info says that the image is distorted (D {terms}), and {topic} does not seem "
        "to be rectified: positions are off by a few per cent at the borders; take image_rect"
    )
