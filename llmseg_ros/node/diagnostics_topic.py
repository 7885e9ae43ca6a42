# SPDX-License-Identifier: Apache-2.0
"""The topic /diagnostics: what the node and each of its cameras are like, once a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from llmseg_ros.error_log import ErrorLog

from .channel import Channel
from .diagnostics import CameraState, NodeState, diagnostic_status

__all__ = ["DiagnosticsTopic"]

PERIOD_S = 1.0


class DiagnosticsTopic:
    """Publishes from the start, in every state of the node, also while simulated time stands."""

    def __init__(
        self,
        node: Node,
        errors: ErrorLog,
        state: Callable[[], NodeState],
        channels: Callable[[], Sequence[Channel]],
    ) -> None:
        """Makes the publisher and its timer.

        Args:
            node: the node.
            errors: gets what fails.
            state: of the node.
            channels: the cameras; none while the node is not configured.
        """
        self._node, self._state, self._channels = node, state, channels
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 1)
        node.create_timer(
            PERIOD_S,
            errors.guard("diagnostics", self._publish),
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )

    def _publish(self) -> None:
        state = self._state()
        cameras = [channel.state() for channel in self._channels()]
        if not cameras:
            cameras = [CameraState(self._node.resolve_topic_name("image"), "")]
        array = DiagnosticArray(status=[diagnostic_status(state, camera) for camera in cameras])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
