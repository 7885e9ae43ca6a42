# SPDX-License-Identifier: Apache-2.0
"""Messages made of plain values."""

from __future__ import annotations

import array
from typing import Any

from rcl_interfaces.msg import Parameter as ParameterMessage
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from .cases import Case

__all__ = ["image_message", "parameter_message"]


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


def parameter_message(case: Case) -> ParameterMessage:
    """The parameter of this name, value and type."""
    value: Any = case["value"]
    if isinstance(value, bytes):
        value = [bytes([one]) for one in value]
    message = Parameter(case["name"], value=value).to_parameter_msg()
    if case["type"] is not None:
        message.value.type = case["type"]
    return message
