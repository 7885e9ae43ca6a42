# SPDX-License-Identifier: Apache-2.0
"""The parameters of the camera node, as a table."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node

from llmseg_ros.parameter_table import ParameterSpec, declare, parameter_values

from .camera_model import DEFAULT_FIELD_OF_VIEW_DEG

__all__ = [
    "CAMERA_PARAMETERS",
    "DEFAULT_FRAME_ID",
    "MAX_RATE_HZ",
    "MIN_RATE_HZ",
    "CameraParameters",
    "declare_camera_parameters",
]

MIN_RATE_HZ, MAX_RATE_HZ = 1e-3, 1000.0
DEFAULT_FRAME_ID = "camera_optical_frame"


@dataclass(frozen=True)
class CameraParameters:
    """The values of `CAMERA_PARAMETERS`."""

    source: str = ""
    image_topic: str = ""
    depth_source: str = ""
    rate_hz: float = 0.0
    loop: bool = True
    frame_id: str = ""
    recorded_stamps: bool = False
    wait_for_subscriber: bool = False
    field_of_view_deg: float = DEFAULT_FIELD_OF_VIEW_DEG


DEFAULTS = CameraParameters()

CAMERA_PARAMETERS = (
    ParameterSpec(
        "source",
        DEFAULTS.source,
        "What to play: a recording (its folder, or a .mcap or .db3 file, also compressed), a "
        "folder of images, one image, a video file, a video device such as /dev/video0, or a "
        "webcam's number.",
        read_only=True,
        any_type=True,  # a webcam's number arrives as an integer
    ),
    ParameterSpec(
        "image_topic",
        DEFAULTS.image_topic,
        "Image topic of a recording; empty where the recording has one image topic.",
        read_only=True,
    ),
    ParameterSpec(
        "depth_source",
        DEFAULTS.depth_source,
        "Depth images: a topic of the recording, or a folder that has NAME.png, 16 bits, for an "
        "image NAME. Empty: the one depth topic that has the images' frame_id, or the folder "
        "depth in or beside that of the images; off: none.",
        read_only=True,
    ),
    ParameterSpec(
        "rate_hz",
        DEFAULTS.rate_hz,
        "Images a second; 0 for the source's own rate, or 10 where it has none. Can be changed at "
        "run time.",
        minimum=0.0,
        maximum=MAX_RATE_HZ,
    ),
    ParameterSpec(
        "loop",
        DEFAULTS.loop,
        "Whether to start over at the end; otherwise the node exits there.",
        read_only=True,
    ),
    ParameterSpec(
        "frame_id",
        DEFAULTS.frame_id,
        f"frame_id of the messages; empty for the recording's, or {DEFAULT_FRAME_ID} where there "
        "is none.",
        read_only=True,
    ),
    ParameterSpec(
        "recorded_stamps",
        DEFAULTS.recorded_stamps,
        "Whether to keep a recording's stamps; otherwise images are stamped now.",
        read_only=True,
    ),
    ParameterSpec(
        "wait_for_subscriber",
        DEFAULTS.wait_for_subscriber,
        "Whether the first image waits until somebody subscribes, so that none is missed.",
        read_only=True,
    ),
    ParameterSpec(
        "field_of_view_deg",
        DEFAULTS.field_of_view_deg,
        "Horizontal field of view, in degrees, of the camera_info published where the source has "
        "no calibration.",
        minimum=1.0,
        maximum=179.0,
        read_only=True,
    ),
)


def declare_camera_parameters(node: Node) -> CameraParameters:
    """Declares the parameters and returns the values that the node was started with.

    Raises:
        ParameterException: a value of wrong type or out of range.
    """
    declare(node, CAMERA_PARAMETERS)
    values = parameter_values(node, (spec.name for spec in CAMERA_PARAMETERS))
    return CameraParameters(**{**values, "source": str(values["source"])})
