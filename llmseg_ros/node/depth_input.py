# SPDX-License-Identifier: Apache-2.0
"""Depth images and calibrations of one camera, while the node is active."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.depth_conversions import DepthMessage, check_depth
from llmseg_ros.messages.frame_sync import Capture, FrameSync
from llmseg_ros.messages.placing import PlacingSettings

from .depth_parameters import DepthParameters

__all__ = ["DepthInput", "placing_settings"]

QUEUE_DEPTH = 5
SECOND_NS = 10**9


class DepthInput:
    """Subscribes to both, and says which of them belong to a colour image."""

    def __init__(self, node: Node, values: DepthParameters, errors: ErrorLog) -> None:
        """Subscribes.

        Args:
            node: is active.
            values: its parameters; `depth_topic` is not empty.
            errors: gets what is wrong with a message.

        Raises:
            RuntimeError: a `qos_overrides` parameter has a bad value.
        """
        self._node, self._errors = node, errors
        self._sync = FrameSync(values.depth_slop_s)
        self._topic = node.resolve_topic_name(values.depth_topic)
        qos = QoSProfile(depth=QUEUE_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT)
        depth_type = CompressedImage if values.is_compressed else Image
        self._subscriptions = [
            node.create_subscription(
                message_type,
                topic,
                errors.guard(topic, callback),
                qos,
                qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            )
            for message_type, topic, callback in (
                (depth_type, values.depth_topic, self._on_depth),
                (CameraInfo, values.info_topic, self._sync.add_info),
            )
        ]

    def capture(self, header: Header) -> Capture:
        """What belongs to the colour image of that header, which has just come."""
        return self._sync.capture(_nanoseconds(header))

    def stop(self) -> None:
        """Ends both subscriptions."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _on_depth(self, msg: DepthMessage) -> None:
        try:
            check_depth(msg)
        except ValueError as error:
            self._errors.report(self._topic, str(error))
            return
        self._sync.add_depth(_nanoseconds(msg.header), msg, len(msg.data))


def placing_settings(values: DepthParameters, image_topic: str) -> PlacingSettings:
    """How the depth of a camera is read, whose colour images come from `image_topic`."""
    return PlacingSettings(
        unit_m=values.depth_unit_m,
        is_registered=values.depth_is_registered,
        image_topic=image_topic,
        slop_s=values.depth_slop_s,
        target_frame=values.target_frame,
    )


def _nanoseconds(header: Header) -> int:
    """A stamp; rclpy's Time takes none before 1970, which a camera may have."""
    return int(header.stamp.sec * SECOND_NS + header.stamp.nanosec)
