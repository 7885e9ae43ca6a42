# SPDX-License-Identifier: Apache-2.0
"""Several cameras and one model, over DDS."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.action import ActionClient
from rclpy.exceptions import ParameterException
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String

from helpers.depth import camera_info, depth_message
from helpers.observer import Observer
from helpers.segmentation_rig import SegmentationRig, image_message
from helpers.small_model import save_small_model
from llmseg_ros.action import SegmentObject
from llmseg_ros.msg import SegmentationResult
from llmseg_ros.node.segmentation_node import SegmentationNode
from llmseg_ros.srv import Segment

NAMES = ("front", "wrist")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return str(directory)


class Rig:
    """A node with two cameras, and what comes from each."""

    def __init__(self, observer: Observer, model: str, **parameters: Any) -> None:
        self.observer = observer
        self.seg = SegmentationRig(
            observer, model=model, cameras=list(NAMES), listens=False, **parameters
        )
        self.results: dict[str, list[SegmentationResult]] = defaultdict(list)
        node = observer.node
        self.images = {name: node.create_publisher(Image, f"{name}/image", 50) for name in NAMES}
        self.words = {
            name: node.create_publisher(String, f"llmseg/{name}/instruction", 50) for name in NAMES
        }
        for name in NAMES:
            node.create_subscription(
                SegmentationResult, f"llmseg/{name}/result", self.results[name].append, 50
            )
        for publisher in (*self.images.values(), *self.words.values(), self.seg._instructions):
            observer.wait_until(lambda p=publisher: p.get_subscription_count() > 0)
            self.seg.observer.spin_for(0.05)
        for name in NAMES:
            self.seg.wait_for_listener(f"/llmseg/{name}/result")

    def result(self, name: str, stamp_s: int, instruction: str) -> SegmentationResult:
        def matching() -> list[SegmentationResult]:
            return [
                one for one in self.results[name]
                if (one.header.stamp.sec, one.instruction) == (stamp_s, instruction)
            ]  # fmt: skip

        self.observer.wait_until(lambda: bool(matching()))
        return matching()[-1]


def test_each_camera_has_its_own_topics_and_one_model_answers(
    observer: Observer, model: str
) -> None:
    rig = Rig(observer, model)
    assert observer.node.count_subscribers("image") == 0
    rig.seg.instruct("mug")  # for all
    for stamp, name in enumerate(NAMES, 1):
        rig.images[name].publish(image_message(stamp, seed=stamp))
        rig.result(name, stamp, "mug")
    rig.words["wrist"].publish(String(data="spoon"))  # for one
    assert rig.result("wrist", 2, "spoon")
    rig.images["front"].publish(image_message(3))
    assert rig.result("front", 3, "mug")
    assert {result.instruction for result in rig.results["front"]} == {"mug"}

    # The service and the action name the camera.
    for camera, stamp in (("front", 3), ("wrist", 2)):
        response = rig.seg.call(
            rig.seg._segment, Segment.Request(instruction="fork", camera=camera)
        )
        assert (response.success, response.result.header.stamp.sec) == (True, stamp)
    response = rig.seg.segment("fork")
    assert "camera is '', it must be one of front, wrist" in response.message
    client = ActionClient(observer.node, SegmentObject, "llmseg/segment_object")
    observer.wait_until(client.server_is_ready)
    goal = SegmentObject.Goal(instruction="fork", camera="wrist", follow=True)
    feedback: list[SegmentObject.Feedback] = []
    future = client.send_goal_async(goal, lambda m: feedback.append(m.feedback))
    observer.wait_until(future.done)
    rig.images["front"].publish(image_message(4))
    rig.images["wrist"].publish(image_message(5))
    rig.result("front", 4, "mug")
    rig.result("wrist", 5, "fork")
    observer.wait_until(lambda: any(f.result.header.stamp.sec == 5 for f in feedback))
    assert {f.result.instruction for f in feedback if f.stage == "following"} == {"fork"}
    client.destroy()

    # One camera falls silent, and the diagnostics tell which; the other one goes on.
    observer.node.destroy_publisher(rig.images["wrist"])
    rig.seg.diagnostics.clear()
    status = rig.seg.wait_for_diagnostics(DiagnosticStatus.WARN, "the last image on /wrist/image")
    assert status.name == "llmseg: segmentation wrist"
    for stamp in range(6, 16):
        rig.images["front"].publish(image_message(stamp))
        rig.result("front", stamp, "mug")
    names = {one.name for one in rig.seg.diagnostics}
    assert names == {"llmseg: segmentation front", "llmseg: segmentation wrist"}

    assert rig.seg.set_parameter("camera_weights", [3.0, 1.0]).successful
    assert rig.seg.set_parameter("camera_weights", [3, 1]).successful  # numbers, too
    refused = rig.seg.set_parameter("cameras", ["rear"])
    assert "while the model is loaded" in refused.reason


def test_each_camera_has_its_own_depth(observer: Observer, model: str) -> None:
    rig = Rig(observer, model, depth_topic="depth", threads=1)
    node = observer.node
    depths = {name: node.create_publisher(Image, f"{name}/depth", 50) for name in NAMES}
    infos = {name: node.create_publisher(CameraInfo, f"{name}/camera_info", 50) for name in NAMES}
    for publisher in (*depths.values(), *infos.values()):
        observer.wait_until(lambda p=publisher: p.get_subscription_count() > 0)
    rig.seg.instruct("mug")
    away = {"front": 0.5, "wrist": 1.5}  # metres
    for name in NAMES:
        header = image_message(7).header
        infos[name].publish(camera_info(header, 60, 80))
        wall = np.full((60, 80), away[name], np.float32)
        depths[name].publish(depth_message(wall, header))
    observer.spin_for(0.2)  # so that they come first, whichever the node takes
    for name in NAMES:
        rig.images[name].publish(image_message(7))
    for name in NAMES:
        places = rig.result(name, 7, "mug").places
        assert places
        assert all(place.valid for place in places), places[0].reason
        assert all(abs(place.position.z - away[name]) < 0.01 for place in places)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"cameras": ["fr ont"]}, "cameras has 'fr ont', a name must be a letter"),
        ({"cameras": ["1a"]}, "cameras has '1a'"),
        ({"cameras": ["a", "a"]}, "no name may be there twice"),
        ({"cameras": [f"c{number}" for number in range(33)]}, "33 names, 32 at most"),
        ({"cameras": ["a", "b"], "camera_weights": [1.0, 2.0, 3.0]}, "3 numbers for 2 cameras"),
        ({"camera_weights": [0.0]}, "camera_weights has 0, a weight must be from 0.01 to 100"),
        ({"camera_weights": [float("nan")]}, "must be a finite number"),
        ({"cameras": 3}, "cameras"),
    ],
)
@pytest.mark.usefixtures("ros")
def test_bad_names_and_weights_are_refused(parameters: dict[str, Any], reason: str) -> None:
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    with pytest.raises(ParameterException, match=reason.replace(".", r"\.")):
        SegmentationNode(parameter_overrides=overrides)


def test_names_that_are_empty_are_none(observer: Observer, model: str) -> None:
    rig = SegmentationRig(observer, model=model, cameras=["", ""], camera_weights=[2.0])
    rig.wait_until_connected()
    rig.instruct("mug")
    rig.show(image_message(1))
    assert rig.result(1).instruction == "mug"
