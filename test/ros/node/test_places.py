# SPDX-License-Identifier: Apache-2.0
"""Depth in, places and clouds out, by a node over DDS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Point
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import PointCloud2

from helpers.depth import stamped
from helpers.depth_rig import COMPRESSED, HEIGHT, SLANTED, WIDTH, DepthRig
from helpers.observer import Observer
from helpers.pictures import picture
from helpers.segmentation_rig import SegmentationRig
from helpers.small_model import save_small_model
from llmseg_ros.messages import standard_messages as standard
from llmseg_ros.messages.conversions import rgb_to_image


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return directory


@pytest.fixture
def parameters(model: Path) -> dict[str, Any]:
    return {"model": str(model), "threads": 1}


@pytest.fixture
def rig(observer: Observer, parameters: dict[str, Any]) -> DepthRig:
    rig = DepthRig(observer, **parameters)
    rig.wait_until_connected()
    rig.instruct("the red mug")
    return rig


def on_the_wall(point: Point) -> float:
    """How far a point is from the slanted wall, metres."""
    column = point.x / point.z * 75 + (WIDTH - 1) / 2
    return abs(point.z - np.interp(column, np.arange(WIDTH), SLANTED[0]))


def test_results_have_places_and_clouds_are_for_who_listens(rig: DepthRig) -> None:
    rig.photograph(1)
    result = rig.result(1)
    assert result.found
    assert len(result.places) >= 1
    assert all(place.valid for place in result.places), result.places[0].reason
    assert on_the_wall(result.places[0].position) < 0.05
    assert result.places[0].header == result.header
    *_, place, publish = result.stage_times
    assert (place.stage, publish.stage) == ("place", "publish")
    assert place.milliseconds > 0 < publish.milliseconds
    clouds: list[PointCloud2] = []
    rig.observer.node.create_subscription(PointCloud2, "llmseg/points", clouds.append, 10)
    rig.wait_for_listener("/llmseg/points")
    rig.photograph(2)
    rig.observer.wait_until(lambda: bool(clouds))
    assert clouds[0].header.stamp.sec == 2
    assert clouds[0].header.frame_id == "camera"
    assert clouds[0].width == sum(place.point_count for place in rig.result(2).places)
    # a call is answered with places, too
    response = rig.segment("the red mug")
    assert response.success
    assert response.result.places[0].valid


def test_depth_of_another_moment_is_not_taken(rig: DepthRig) -> None:
    rig.photograph(1, later_ms=200)
    place = rig.result(1).places[0]
    assert not place.valid
    assert "200 ms later" in place.reason
    rig.observer.wait_until(lambda: any("200 ms later" in line for line in rig.logs))
    rig.set_parameter("depth_is_registered", True)
    assert "cannot become 'elsewhere'" in rig.set_parameter("depth_topic", "elsewhere").reason
    assert not rig.set_parameter("depth_unit_m", 2.0).successful


def test_what_is_no_depth_is_told_and_survived(rig: DepthRig) -> None:
    rig.depths.publish(rgb_to_image(picture(0, HEIGHT, WIDTH), stamped(10**9)))
    rig.observer.wait_until(lambda: any("no depth image" in line for line in rig.logs))
    rig.photograph(2, 1000 * SLANTED)  # 65 m at most
    rig.photograph(3)
    assert rig.result(3).places[0].valid


def test_compressed_depth(observer: Observer, parameters: dict[str, Any]) -> None:
    rig = DepthRig(observer, COMPRESSED, **parameters)
    rig.wait_until_connected()
    rig.instruct("the red mug")
    rig.photograph(1)
    assert on_the_wall(rig.result(1).places[0].position) < 0.05


def test_followed_answers_have_the_depth_of_their_own_image(
    observer: Observer, parameters: dict[str, Any]
) -> None:
    rig = DepthRig(observer, **parameters, following="flow")
    rig.wait_until_connected()
    rig.instruct("the red mug")
    for second in range(1, 4):
        rig.photograph(second, SLANTED + 0.1 * second)
        result = rig.result(second)
        for place in result.places:
            if place.valid:
                place.position.z -= 0.1 * second
                column = place.position.x / (place.position.z + 0.1 * second) * 75 + 39.5
                wall = np.interp(column, np.arange(WIDTH), SLANTED[0])
                assert place.position.z == pytest.approx(wall, abs=0.06)
    assert any(result.followed for result in rig.results)


def test_messages_of_other_packages(rig: DepthRig) -> None:
    topics = {
        "llmseg/markers": standard.MarkerArray,
        "llmseg/object": standard.Detection3DArray,
        "llmseg/detections": standard.Detection2DArray,
        "llmseg/annotations": standard.ImageAnnotations,
    }
    here = {topic: kind for topic, kind in topics.items() if kind is not None}
    if not here:
        pytest.skip("none of their packages is installed")
    got: dict[str, Any] = {}
    for topic, kind in here.items():
        rig.observer.node.create_subscription(
            kind, topic, lambda msg, topic=topic: got.setdefault(topic, msg), 10
        )
        rig.wait_for_listener(f"/{topic}")
    rig.photograph(1)
    rig.observer.wait_until(lambda: set(got) == set(here))


def test_the_label_is_told_to_who_comes_later(rig: DepthRig) -> None:
    if standard.LabelInfo is None:
        pytest.skip("vision_msgs comes with ROS distributions")
    labels: list[Any] = []
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    rig.observer.spin_for(0.2)
    rig.observer.node.create_subscription(
        standard.LabelInfo, "llmseg/label_info", labels.append, latched
    )
    rig.observer.wait_until(lambda: bool(labels) and bool(labels[-1].class_map))
    assert labels[-1].class_map[0].class_name == "the red mug"
    rig.instruct("the cup")
    rig.observer.wait_until(lambda: labels[-1].class_map[0].class_name == "the cup")


def test_without_depth_there_are_no_places(observer: Observer, parameters: dict[str, Any]) -> None:
    rig = SegmentationRig(observer, **parameters)
    rig.wait_until_connected()
    rig.instruct("the red mug")
    rig.show(rgb_to_image(picture(0, HEIGHT, WIDTH), stamped(10**9)))
    assert list(rig.result(1).places) == []
    topics = {name for name, _ in rig.observer.node.get_topic_names_and_types()}
    assert "/llmseg/points" not in topics
