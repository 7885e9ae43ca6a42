# SPDX-License-Identifier: Apache-2.0
"""The parameters of what the node does with depth images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.validate_topic_name import validate_topic_name

from llmseg_ros.error_log import shortened
from llmseg_ros.parameter_table import ParameterSpec, declare, parameter_values

__all__ = [
    "DEPTH_PARAMETERS",
    "DepthParameters",
    "declare_depth_parameters",
    "depth_refusal",
    "read_depth_parameters",
]

COMPRESSED = "/compressedDepth"


@dataclass(frozen=True)
class DepthParameters:
    """The values of `DEPTH_PARAMETERS`."""

    depth_topic: str = ""
    camera_info_topic: str = ""
    depth_slop_s: float = 0.02
    depth_unit_m: float = 0.001
    depth_is_registered: bool = False
    target_frame: str = ""

    @property
    def is_compressed(self) -> bool:
        """Whether depth comes as CompressedImage."""
        return self.depth_topic.endswith(COMPRESSED)

    @property
    def info_topic(self) -> str:
        """The topic of the calibration: beside the depth image, if none is named."""
        if self.camera_info_topic:
            return self.camera_info_topic
        folder, slash, _ = self.depth_topic.removesuffix(COMPRESSED).rpartition("/")
        return f"{folder}{slash}camera_info"

    def of_camera(self, name: str) -> DepthParameters:
        """The same for one of several cameras: relative topics are in its namespace."""
        if not name:
            return self

        def of_camera(topic: str) -> str:
            return f"{name}/{topic}" if topic and not topic.startswith("/") else topic

        return replace(
            self,
            depth_topic=of_camera(self.depth_topic),
            camera_info_topic=of_camera(self.camera_info_topic),
        )


DEFAULTS = DepthParameters()
FIXED = ("depth_topic", "camera_info_topic")

DEPTH_PARAMETERS = (
    ParameterSpec(
        "depth_topic",
        DEFAULTS.depth_topic,
        "Topic of depth images that are registered to the colour camera, 16UC1 or 32FC1; one that "
        "ends in /compressedDepth carries PNG. Empty: no places in space. "
        "Changes while the node is unconfigured.",
    ),
    ParameterSpec(
        "camera_info_topic",
        DEFAULTS.camera_info_topic,
        "Topic of the colour camera's calibration; empty is camera_info beside the depth image. "
        "Changes while the node is unconfigured.",
    ),
    ParameterSpec(
        "depth_slop_s",
        DEFAULTS.depth_slop_s,
        "Seconds that the stamps of a colour and its depth image may differ at most. "
        "Changes while the node is inactive.",
        minimum=0.0,
        maximum=1.0,
    ),
    ParameterSpec(
        "depth_unit_m",
        DEFAULTS.depth_unit_m,
        "Metres of one in a 16UC1 depth image; 32FC1 is in metres.",
        minimum=1e-6,
        maximum=1.0,
    ),
    ParameterSpec(
        "depth_is_registered",
        DEFAULTS.depth_is_registered,
        "Whether pixels of the depth image are those of the colour image though their frame_id "
        "differ.",
    ),
    ParameterSpec(
        "target_frame",
        DEFAULTS.target_frame,
        "Frame of tf2 in which places are told, such as base_link; empty is the camera's.",
    ),
)


def declare_depth_parameters(node: Node) -> None:
    """Declares them; a bad override raises, quoting the value."""
    declare(node, DEPTH_PARAMETERS)


def read_depth_parameters(node: Node) -> DepthParameters:
    """The values in force."""
    return DepthParameters(**parameter_values(node, (spec.name for spec in DEPTH_PARAMETERS)))


def depth_refusal(node: Node, changes: Iterable[Parameter], configured: bool) -> str:
    """Why a change cannot be; empty if it can.

    Args:
        node: has declared them.
        changes: the parameters to set.
        configured: whether a model is loaded, and the topics in use.
    """
    for change in changes:
        if change.name not in FIXED:
            continue
        if change.value and (fault := _topic_fault(change.value)):
            return f"{change.name} is {shortened(change.value)!r}, which names no topic: {fault}"
        value = node.get_parameter(change.name).value if configured else change.value
        if change.value != value:
            return (
                f"{change.name} is {value!r} and cannot become {change.value!r} while the model is "
                "loaded: bring the node to unconfigured first (cleanup)"
            )
    return ""


def _topic_fault(name: str) -> str:
    """Why a name cannot be a topic's; empty if it can."""
    if "//" in name:
        return "it has two slashes in a row"
    try:
        validate_topic_name(name)
    except InvalidTopicNameException as error:
        return str(error).splitlines()[0].partition(": ")[2].rstrip(":")
    return ""
