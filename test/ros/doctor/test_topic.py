# SPDX-License-Identifier: Apache-2.0
"""What is said of cameras of odd kinds, which are real publishers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import rclpy
from rclpy.node import Node

from helpers.odd_cameras import publishing
from llmseg_core.doctor.checkup import Question
from llmseg_core.doctor.finding import Finding, State
from llmseg_ros.doctor import topic as looking
from llmseg_ros.doctor.checks import check_ros
from llmseg_ros.doctor.topic import look_at
from llmseg_ros.doctor.topic_findings import topic_findings


@pytest.fixture(scope="module")
def cameras() -> Iterator[Node]:
    rclpy.init()
    try:
        with publishing() as node:
            yield node
    finally:
        rclpy.try_shutdown()


@pytest.fixture
def node(cameras: Node, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    monkeypatch.setattr(looking, "DISCOVERY_S", 0.5)
    monkeypatch.setattr(looking, "SETTLE_S", 0.1)
    made = Node("looking")
    yield made
    made.destroy_node()


@pytest.fixture(scope="module")
def looked_at() -> dict[str, dict[str, Finding]]:
    """What was found so far, by topic."""
    return {}


def findings(node: Node, topic: str) -> dict[str, Finding]:
    return {each.subject: each for each in topic_findings(look_at(node, topic, 0.6))}


def test_a_good_camera(node: Node) -> None:
    said = findings(node, "/good/image")
    assert said["topic"].state is State.GOOD
    assert said["topic"].text.startswith("/good/image: 64 x 48, rgb8, ")
    assert (
        ", 0.01 MB a frame, best_effort, from /odd_cameras. The node takes it" in said["topic"].text
    )
    assert 4 < said["topic"].values["rate_hz"] < 40  # it is sent at 20, on a busy machine
    assert said["topic"].remedy.endswith("image_topic:=/good/image")
    assert said["camera_info"].state is State.GOOD
    assert said["depth"].text.startswith("depth is on /good/depth/image;")
    assert "depth_topic:=/good/depth/image " in said["depth"].remedy
    assert not {"stamps", "frame_id", "image"} & set(said)


@pytest.mark.parametrize(
    ("topic", "subject", "state", "text", "remedy"),
    [
        ("/bayer/image", "topic", State.GOOD, "bayer_rggb8", "image_topic:=/bayer/image"),
        ("/bayer/image", "camera_info", State.WARNING, "k is zero", "cameracalibrator"),
        ("/small/image", "camera_info", State.WARNING, "640 x 48, the images have 64 x 48", ""),
        ("/strange/image", "topic", State.WRONG, "would refuse every image: unknown enc", ""),
        (
            "/packed/image/compressed", "topic", State.GOOD, "64 x 48, rgb8; jpeg",
            "image_topic:=/packed/image image_transport:=compressed",
        ),
        ("/zed/image", "camera_info", State.GOOD, "/zed/image/camera_info, with other stamps", ""),
        ("/bare/image", "stamps", State.WARNING, "images have no stamp", ""),
        ("/bare/image", "frame_id", State.WARNING, "name no frame", ""),
        ("/bare/image", "camera_info", State.NOTE, "nothing arrives on /bare/camera_info", ""),
        ("/silent/image", "topic", State.WRONG, "it is published, and nothing arrives", "fast_dds"),
        ("/words", "topic", State.WRONG, "/words is std_msgs/msg/String, no images", "--topic /"),
        ("/god/image", "topic", State.WRONG, "nobody publishes /god/image", "--topic /good/image"),
        ("/a b", "topic", State.WRONG, "'/a b' is no name of a topic", "--topic /camera"),
    ],
)  # fmt: skip
def test_odd_cameras(
    node: Node, looked_at: dict[str, dict[str, Finding]],
    topic: str, subject: str, state: State, text: str, remedy: str,
) -> None:  # fmt: skip
    if topic not in looked_at:
        looked_at[topic] = findings(node, topic)
    said = looked_at[topic][subject]
    assert said.state is state
    assert text in said.text
    assert remedy in said.remedy


def test_a_fast_camera_and_two_on_one_topic(node: Node, cameras: Node) -> None:
    from sensor_msgs.msg import Image

    second = cameras.create_publisher(Image, "/fast/image", 1)
    try:
        said = findings(node, "/fast/image")
    finally:
        cameras.destroy_publisher(second)
    assert said["topic"].values["rate_hz"] > 40
    assert "several publishers" in said["publishers"].text


def test_all_of_it_from_a_process_of_its_own(cameras: Node) -> None:
    said = {each.subject: each for each in check_ros(Question(topic="/good/image", seconds=0.6))}
    assert said["ROS"].state is State.GOOD
    assert "rmw_fastrtps_cpp" in said["ROS"].text
    assert said["shared memory"].values["free_bytes"] > 0
    assert said["topic"].state is State.GOOD
    assert said["topic"].values["rate_hz"] > 2


SEEN: dict[str, Any] = {
    "name": "/eye/image", "types": ["sensor_msgs/msg/Image"], "near": [], "depth": [], "count": 90,
    "publishers": [{"node": "/eye", "type": "sensor_msgs/msg/Image", "reliability": "reliable"}],
    "compressed": False, "rate_hz": 30.0, "lost_share": 0.0, "late_s": 0.01, "no_stamp": False,
    "backwards": 0, "frame_id": "eye", "encoding": "bgr8", "bytes": 900_000, "convert_ms": 1.0,
    "height": 480, "width": 640, "flat": False,
    "camera_info": {"name": "/eye/camera_info", "count": 0},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "subject", "text"),
    [
        ({"lost_share": 0.4}, "loss", "40% of the frames that were stamped did not arrive"),
        ({"bytes": 400_000_000}, "frame size", "a frame has 400 MB, and up to"),
        ({"late_s": 5.0}, "stamps", "stamps lie 5.0 s before now"),
        ({"backwards": 2}, "stamps", "went backwards 2 times"),
        ({"flat": True}, "image", "of one colour"),
    ],
)
def test_what_cannot_be_sent_here(change: dict[str, Any], subject: str, text: str) -> None:
    assert {each.subject for each in topic_findings(SEEN)} == {"topic", "camera_info"}
    (said,) = [each for each in topic_findings({**SEEN, **change}) if each.subject == subject]
    assert said.state is State.WARNING
    assert text in said.text
    assert said.remedy
