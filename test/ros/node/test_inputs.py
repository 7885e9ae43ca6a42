# SPDX-License-Identifier: Apache-2.0
"""What reaches the node or does not: instructions from before it began, images of another type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from helpers.observer import Observer
from helpers.programs import NODE, Program, programs
from helpers.segmentation_rig import SegmentationRig, image_message
from helpers.small_model import save_small_model

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
DURABILITY = "qos_overrides./llmseg/instruction.subscription.durability"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return str(directory)


def test_an_instruction_that_was_latched_before_the_node_began(
    observer: Observer, model: str
) -> None:
    observer.node.create_publisher(String, "llmseg/instruction", LATCHED).publish(
        String(data="something to drink from")
    )
    rig = SegmentationRig(observer, model=model, **{DURABILITY: "transient_local"})
    assert rig.wait_for_value("instruction", "something to drink from")
    rig.observer.wait_until(lambda: rig._images.get_subscription_count() > 0)
    rig.wait_for_listener("/llmseg/result")
    rig.show(image_message(3))
    assert rig.result(3).instruction == "something to drink from"
    assert not any("without effect" in log for log in rig.logs)


def test_a_bad_durability_is_refused_with_its_reason(observer: Observer, model: str) -> None:
    rig = SegmentationRig(observer, model=model, **{DURABILITY: "for_ever"})
    status = rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "cannot configure")
    assert "for_ever" in status.message
    assert rig.state() == "unconfigured"


@pytest.fixture
def elsewhere() -> Iterator[Node]:
    """A node as of another process: one process has one type for a topic."""
    context = Context()
    rclpy.init(context=context)
    node = Node("elsewhere", context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_compressed_images_on_the_topic_are_named(
    observer: Observer, elsewhere: Node, model: str
) -> None:
    elsewhere.create_publisher(CompressedImage, "image", 5)
    rig = SegmentationRig(observer, model=model)
    observer.node.destroy_publisher(rig._images)
    for _ in range(2):  # a state, which does not expire
        status = rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "no image has come on /image")
        assert "published as sensor_msgs/msg/CompressedImage" in status.message
        rig.diagnostics.clear()


def test_an_incompatible_publisher_is_named(observer: Observer, model: str) -> None:
    reliable = {"qos_overrides./image.subscription.reliability": "reliable"}
    rig = SegmentationRig(observer, model=model, **reliable)
    rig.observer.node.destroy_publisher(rig._images)
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    rig.observer.node.create_publisher(Image, "image", best_effort)
    rig.observer.wait_until(lambda: any("RELIABILITY" in log for log in rig.logs))
    for _ in range(2):  # it is a state, which does not expire
        rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "its publisher's QoS is incompatible")
        rig.diagnostics.clear()


@pytest.fixture
def node(tmp_path: Path, model: str) -> Iterator[Program]:
    with programs(tmp_path) as start:
        yield start(*NODE, "--ros-args", "-p", f"model:={model}")


def test_the_process_of_a_finalized_node_ends(observer: Observer, node: Program) -> None:
    node.wait_for("llmseg_node: importing PyTorch")
    client = observer.node.create_client(ChangeState, "llmseg/change_state")
    observer.wait_until(client.service_is_ready, timeout=120)
    node.wait_for("active: images from")
    request = ChangeState.Request()
    request.transition.id = Transition.TRANSITION_ACTIVE_SHUTDOWN
    future = client.call_async(request)
    observer.wait_until(future.done)
    assert future.result().success  # the answer comes before the end
    assert node.end(timeout_s=10.0) == 0, node.output
    assert "Traceback" not in node.output
