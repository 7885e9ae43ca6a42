# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator

import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter

from llmseg_ros.node.depth_parameters import (
    declare_depth_parameters,
    depth_refusal,
    read_depth_parameters,
)


@pytest.fixture
def node(ros: None) -> Iterator[Node]:
    node = Node("depth_parameters")
    declare_depth_parameters(node)
    yield node
    node.destroy_node()


@pytest.mark.parametrize("name", ["depth_topic", "camera_info_topic"])
@pytest.mark.parametrize(
    ("topic", "fault"),
    [
        ("not a topic!", "must not contain characters other than"),
        ("camera/", "must not end with a forward slash"),
        ("/camera/1depth", "must not start with a number"),
        ("/camera//depth", "two slashes in a row"),
    ],
)
def test_what_names_no_topic_is_refused(node: Node, name: str, topic: str, fault: str) -> None:
    refusal = depth_refusal(node, [Parameter(name, value=topic)], configured=False)
    assert refusal.startswith(f"{name} is {topic!r}, which names no topic: ")
    assert fault in refusal


def test_topics_stay_while_a_model_is_loaded(node: Node) -> None:
    for topic in ("", "depth", "/camera/depth", "~/depth/compressedDepth"):
        change = [Parameter("depth_topic", value=topic)]
        assert depth_refusal(node, change, configured=False) == ""
    assert "bring the node to unconfigured" in depth_refusal(
        node, [Parameter("depth_topic", value="depth")], configured=True
    )
    same = [Parameter("depth_topic", value="")]
    assert depth_refusal(node, same, configured=True) == ""
    assert read_depth_parameters(node).info_topic == "camera_info"
