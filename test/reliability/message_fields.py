# SPDX-License-Identifier: Apache-2.0
"""Messages made of plain values."""

from __future__ import annotations

import array
from typing import Any

from builtin_interfaces.msg import Duration
from rcl_interfaces.msg import Parameter as ParameterMessage
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest

from llmseg_ros.action import SegmentObject

from .cases import Case

__all__ = [
    "calibration_message",
    "compressed_message",
    "goal_message",
    "image_message",
    "parameter_message",
]


def image_message(case: Case) -> Image:
    """The image with these fields."""
    message = Image(
        height=case["height"],
        width=case["width"],
        encoding=case["encoding"],
        is_bigendian=case["is_bigendian"],
        step=case["step"],
        data=array.array("B", case["data"]),
    )
    message.header.frame_id = case["frame_id"]
    message.header.stamp.sec, message.header.stamp.nanosec = case["sec"], case["nanosec"]
    return message


def calibration_message(case: Case) -> CameraInfo:
    """The calibration with these fields."""
    focal, binning, offset = case["focal"], case["binning"], case["offset"]
    message = CameraInfo(
        height=case["info_height"],
        width=case["info_width"],
        binning_x=binning,
        binning_y=binning,
        roi=RegionOfInterest(x_offset=offset, width=case["roi_width"]),
        d=[case["distortion"]] * 5,
        k=[focal, 0.0, 3.0, 0.0, focal, 2.0, 0.0, 0.0, 1.0],
    )
    message.header.frame_id = case["frame_id"]
    return message


def compressed_message(case: Case) -> CompressedImage:
    """The compressed image with these fields."""
    return CompressedImage(format=case["format"], data=array.array("B", case["data"]))


def goal_message(case: Case) -> SegmentObject.Goal:
    """The goal with these fields."""
    return SegmentObject.Goal(
        image=image_message(case),
        instruction=case["text"],
        camera=case["camera"],
        follow=case["follow"],
        timeout=Duration(sec=case["timeout_sec"], nanosec=case["timeout_nanosec"]),
    )


def parameter_message(case: Case) -> ParameterMessage:
    """The parameter of this name, value and type."""
    value: Any = case["value"]
    if isinstance(value, bytes):
        value = [bytes([one]) for one in value]
    message = Parameter(case["name"], value=value).to_parameter_msg()
    if case["type"] is not None:
        message.value.type = case["type"]
    return message
