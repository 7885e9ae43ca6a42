# SPDX-License-Identifier: Apache-2.0
"""Why no image comes, with real publishers."""

from __future__ import annotations

from typing import Any

import pytest
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from helpers.observer import Observer
from llmseg_ros.node.image_input import image_topic, why_no_image

BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)


@pytest.fixture
def looking(observer: Observer) -> Node:
    node = Node("looking")
    observer.add_node(node)
    return node


@pytest.mark.parametrize(
    ("published", "asked", "reason", "for_good"),
    [
        ([], BEST_EFFORT, "nobody publishes it", False),
        ([(Image, RELIABLE)], RELIABLE, "it is published, and nothing arrives: is a frame", False),
        (
            [(CompressedImage, RELIABLE)],
            BEST_EFFORT,
            "published as sensor_msgs/msg/CompressedImage, and must be sensor_msgs/msg/Image: take "
            "the raw topic",
            True,
        ),
        ([(String, RELIABLE)], BEST_EFFORT, "published as std_msgs/msg/String, and must be", True),
        (
            [(Image, BEST_EFFORT)],
            RELIABLE,
            "qos_overrides./eye.subscription",
            True,
        ),
        ([(Image, BEST_EFFORT), (Image, RELIABLE)], RELIABLE, "nothing arrives", False),
    ],
)
def test_reasons(
    observer: Observer,
    looking: Node,
    published: list[tuple[Any, QoSProfile]],
    asked: QoSProfile,
    reason: str,
    for_good: bool,
) -> None:
    publishers = [observer.node.create_publisher(kind, "/eye", qos) for kind, qos in published]
    count = len(publishers)
    observer.wait_until(lambda: len(looking.get_publishers_info_by_topic("/eye")) == count)
    assert why_no_image(looking, "/eye", asked)[1] is for_good
    assert reason in why_no_image(looking, "/eye", asked)[0]
    for publisher in publishers:
        observer.node.destroy_publisher(publisher)


def test_a_compressed_topic_follows_image_transports_convention(
    observer: Observer, looking: Node
) -> None:
    assert image_topic("/eye/image", False) == "/eye/image"
    assert image_topic("/eye/image", True) == "/eye/image/compressed"
    assert image_topic("/eye/image/compressed", True) == "/eye/image/compressed"
    raw = observer.node.create_publisher(Image, "/eye", BEST_EFFORT)
    observer.wait_until(lambda: looking.count_publishers("/eye") == 1)
    reason, for_good = why_no_image(looking, "/eye/compressed", BEST_EFFORT, True)
    assert (reason, for_good) == (
        "nobody publishes it, but /eye: start with image_transport:=raw", True,
    )  # fmt: skip
    observer.node.destroy_publisher(raw)
