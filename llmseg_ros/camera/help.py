# SPDX-License-Identifier: Apache-2.0
"""What `llmseg_camera --help` prints."""

from __future__ import annotations

from llmseg_ros.program_help import program_help

from .parameters import CAMERA_PARAMETERS

__all__ = ["help_text"]

SUMMARY = "The node llmseg_camera: plays a recording, images, a video or a webcam as a camera."
INTERFACES = (
    ("image (out)", "sensor_msgs/Image", "rgb8"),
    ("depth (out)", "sensor_msgs/Image", "16UC1 or 32FC1, where the source has depth"),
    ("camera_info (out)", "sensor_msgs/CameraInfo", "the calibration, with the image's header"),
)


def help_text() -> str:
    """The text."""
    return program_help("llmseg_camera", SUMMARY, INTERFACES, CAMERA_PARAMETERS)
