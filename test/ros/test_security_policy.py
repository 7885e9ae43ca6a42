# SPDX-License-Identifier: Apache-2.0
"""The policy for SROS2 allows what the live nodes do, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree

import pytest
from rclpy.expand_topic_name import expand_topic_name
from rclpy.parameter import Parameter

from helpers.observer import Observer
from helpers.pictures import picture, write_image
from helpers.segmentation_rig import SegmentationRig
from helpers.small_model import save_small_model
from llmseg_ros.camera.camera_node import CameraNode

POLICY = Path(__file__).parents[2] / "sros2" / "llmseg.policy.xml"

Access: TypeAlias = tuple[str, str]
"""what is done (subscribe, publish, reply or request), and the full name of topic or service"""

OF_AN_ACTION = {
    ("reply", "send_goal"), ("reply", "cancel_goal"), ("reply", "get_result"),
    ("publish", "feedback"), ("publish", "status"),
}  # fmt: skip
"""what a node does that executes an action"""

ELSEWHERE = {
    ("subscribe", "/bond"),  # beside bondpy
    ("publish", "/bond"),
    ("subscribe", "/image/compressed"),  # with image_transport: compressed
    ("subscribe", "/tf"),  # beside tf2_ros
    ("subscribe", "/tf_static"),
    ("publish", "/llmseg/annotations"),  # beside foxglove_msgs
    ("publish", "/llmseg/detections"),  # beside vision_msgs
    ("publish", "/llmseg/label_info"),
    ("publish", "/llmseg/object"),
    ("publish", "/llmseg/markers"),  # beside visualization_msgs
    ("reply", "/llmseg/get_type_description"),  # Humble has none
    ("reply", "/llmseg_camera/get_type_description"),
}


def allowed(enclave: str, node: str) -> set[Access]:
    profile = ElementTree.parse(POLICY).find(f".//enclave[@path='{enclave}']/profiles/profile")
    assert profile is not None
    assert profile.attrib == {"ns": "/", "node": node}
    access = {
        (verb, expand_topic_name(name.text or "", node, "/"))
        for rules in profile
        for verb, qualifier in rules.attrib.items()
        if qualifier == "ALLOW"
        for name in rules
    }
    actions = {one for one in access if one[0] == "execute"}
    return (access - actions) | {
        (verb, f"{name}/_action/{part}") for _, name in actions for verb, part in OF_AN_ACTION
    }


def done(observer: Observer, node: str) -> set[Access]:
    """What a node does, as another one sees it."""
    by_verb = {
        "subscribe": observer.node.get_subscriber_names_and_types_by_node,
        "publish": observer.node.get_publisher_names_and_types_by_node,
        "reply": observer.node.get_service_names_and_types_by_node,
        "request": observer.node.get_client_names_and_types_by_node,
    }
    return {(verb, name) for verb, names in by_verb.items() for name, _ in names(node, "/")}


def assert_same(observer: Observer, node: str) -> None:
    policy = allowed(f"/{node}", node)
    observer.wait_until(lambda: policy - ELSEWHERE <= done(observer, node), timeout=20.0)
    assert done(observer, node) <= policy


def test_the_segmentation_node(observer: Observer, tmp_path: Path) -> None:
    save_small_model(tmp_path / "small")
    values = {"depth_topic": "depth", "target_frame": "base_link", "use_sim_time": True}
    SegmentationRig(observer, model=str(tmp_path / "small"), **values)
    assert_same(observer, "llmseg")


def test_the_camera_node(observer: Observer, tmp_path: Path) -> None:
    write_image(tmp_path / "image.png", picture(0))
    (tmp_path / "depth").mkdir()
    values = {"source": str(tmp_path), "use_sim_time": True}
    observer.add_node(
        CameraNode(parameter_overrides=[Parameter(n, value=v) for n, v in values.items()])
    )
    assert_same(observer, "llmseg_camera")


def test_names_in_the_policy_are_those_of_the_topics() -> None:
    assert ("publish", "/llmseg/result") in allowed("/llmseg", "llmseg")
    assert ("subscribe", "/image") in allowed("/llmseg", "llmseg")
    with pytest.raises(AssertionError):
        allowed("/llmseg", "another")
