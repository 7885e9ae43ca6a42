# SPDX-License-Identifier: Apache-2.0
"""~/label_info, which says what the mask's values mean, where vision_msgs is installed."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header

from llmseg_ros.messages import standard_messages as standard
from llmseg_ros.parameter_table import parameter_values

__all__ = ["LabelTopic"]


class LabelTopic:
    """A latched topic that is published with every instruction. Does nothing without vision_msgs.

    Whoever subscribes later gets the last message.
    """

    def __init__(self, node: Node, prefix: str) -> None:
        """Makes the publisher of `prefix` label_info."""
        self._node = node
        self._told: tuple[str, float] | None = None
        self._publisher = None
        if standard.LabelInfo is not None:
            qos = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
            self._publisher = node.create_publisher(standard.LabelInfo, f"{prefix}label_info", qos)

    def tell(self, instruction: str) -> None:
        """Publishes what is asked for now, if it is not what was told last; "" is nothing."""
        if self._publisher is None:
            return
        told = instruction, parameter_values(self._node, ("min_confidence",))["min_confidence"]
        if told != self._told:
            self._told = told
            header = Header(stamp=self._node.get_clock().now().to_msg())
            self._publisher.publish(standard.label_info(instruction, header, told[1]))

    def destroy(self) -> None:
        """Takes the publisher away."""
        if self._publisher is not None:
            self._node.destroy_publisher(self._publisher)
