# SPDX-License-Identifier: Apache-2.0
"""Malformed depth images and calibrations, sent to a node over DDS with an image each."""

from __future__ import annotations

import random

from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String

from helpers.node_process import NodeProcess

from . import malformed_messages
from .cases import Case
from .message_fields import calibration_message, image_message
from .node_checks import NODE_CHECKS, NodeCheck

__all__ = ["ALL_NODE_CHECKS", "Depths"]


class Depths(NodeCheck):
    """Messages on `depth` and `camera_info`, and an image and an instruction that ask for places.

    For a node whose parameter `depth_topic` is `depth`.
    """

    base = malformed_messages.DEPTH

    def __init__(self, node: NodeProcess) -> None:
        super().__init__(node)
        own = node.observer.node
        self._depths = own.create_publisher(Image, "depth", QoSProfile(depth=50))
        self._infos = own.create_publisher(CameraInfo, "camera_info", QoSProfile(depth=50))

    def generate(self, choose: random.Random) -> Case:
        return malformed_messages.depth(choose)

    def send(self, case: Case) -> None:
        self._infos.publish(calibration_message(case))
        self._depths.publish(image_message(case))
        image = {**malformed_messages.IMAGE, "sec": case["sec"], "nanosec": case["nanosec"]}
        self.node.images.publish(image_message(image))
        self.node.instructions.publish(String(data="mug"))
        self.node.observer.spin_for(0.01)

    def judge(self, case: Case, response: object) -> None:
        for result in self.node.results:
            for place in result.places:
                assert place.valid or place.reason, "a place is missing without a reason"


ALL_NODE_CHECKS: dict[str, type[NodeCheck]] = {**NODE_CHECKS, "depth": Depths}
"""those of a node with depth, too"""
