# SPDX-License-Identifier: Apache-2.0
"""The node that asks the demonstration's questions; the test is the other nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.publisher import Publisher
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header, String

from helpers.observer import Observer
from llmseg_ros.demo.asker import Asker, Outcome
from llmseg_ros.demo.ground_truth import GroundTruth, Question, SceneTruth
from llmseg_ros.messages.conversions import mask_to_image, rgb_to_image
from llmseg_ros.msg import SegmentationResult

HEIGHT, WIDTH = 4, 6
LEFT_HALF = "0<<"  # run lengths 0, 12, 12 down the columns
MUG = Question(0, "the mug", "category", (1,))
UNICORN = Question(0, "the unicorn", "category", ())
BOOK = Question(1, "the book", "category", (1,))
TRUTH = GroundTruth(
    HEIGHT,
    WIDTH,
    (
        SceneTruth((MUG, UNICORN), {1: {1: LEFT_HALF}, 2: {1: LEFT_HALF}, 3: {1: LEFT_HALF}}),
        SceneTruth((BOOK,), {4: {1: LEFT_HALF}}),
    ),
)


def header(stamp_ns: int) -> Header:
    return Header(stamp=Time(nanoseconds=stamp_ns).to_msg(), frame_id="camera")


class Stage:
    """The asker, and what camera and segmentation node would publish."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.asked: list[str] = []
        self.outcomes: list[Outcome] = []
        self._arrived = 0
        node = observer.node
        node.create_subscription(String, "llmseg/instruction", self._on_instruction, 9)
        self._publishers: dict[type, Publisher] = {}
        for message_type, topic in (
            (CameraInfo, "camera_info"),
            (SegmentationResult, "llmseg/result"),
            (Image, "llmseg/overlay"),
            (DiagnosticArray, "/diagnostics"),
        ):
            self._publishers[message_type] = node.create_publisher(message_type, topic, 9)
            node.create_subscription(message_type, topic, self._on_arrival, 9)
        self.asker = Asker(TRUTH, self.outcomes.append)
        observer.add_node(self.asker)
        for publisher in self._publishers.values():
            observer.wait_until(lambda p=publisher: p.get_subscription_count() == 2)
        instructions = next(
            p for p in self.asker.publishers if p.topic_name == "/llmseg/instruction"
        )
        observer.wait_until(lambda: instructions.get_subscription_count() > 0)

    def publish(self, message: Any) -> None:
        """Publishes a message and waits until it has arrived, and what it led to as well."""
        before = self._arrived
        self._publishers[type(message)].publish(message)
        self.observer.wait_until(lambda: self._arrived > before)
        self.observer.spin_for(0.05)

    def show(self, stamp_ns: int) -> None:
        self.publish(CameraInfo(header=header(stamp_ns)))

    def overlay(self, stamp_ns: int, brightness: int = 0) -> None:
        pixels = np.full((HEIGHT, WIDTH, 3), brightness, np.uint8)
        self.publish(rgb_to_image(pixels, header(stamp_ns), "bgr8"))

    def result(
        self, stamp_ns: int, instruction: str, columns: int = 3, followed: bool = False
    ) -> None:
        """A result whose mask is the leftmost columns."""
        mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
        mask[:, :columns] = True
        message = SegmentationResult(
            header=header(stamp_ns),
            instruction=instruction,
            followed=followed,
            found=columns > 0,
            mask=mask_to_image(mask, header(stamp_ns)),
        )
        self.publish(message)

    def _on_instruction(self, msg: String) -> None:
        self.asked.append(msg.data)

    def _on_arrival(self, _: Any) -> None:
        self._arrived += 1

    def warm_up(self) -> None:
        """A first answer, on the frame with stamp 1."""
        self.show(1)
        self.result(1, "the mug")
        self.overlay(1)


@pytest.fixture
def stage(observer: Observer) -> Stage:
    return Stage(observer)


def test_questions_are_asked_one_by_one_and_compared(stage: Stage) -> None:
    stage.warm_up()
    assert stage.asker.ready
    assert stage.asked == ["the mug", "the mug"]  # again, to measure it
    stage.result(2, "the mug")
    stage.overlay(2, brightness=10)
    assert stage.asked[2:] == ["the unicorn"]
    stage.result(2, "the unicorn", columns=0)
    assert not stage.asker.done
    stage.show(4)
    assert stage.asked[3:] == ["the book"]
    stage.result(4, "the book", columns=6, followed=True)
    assert not stage.asker.done  # overlays are still missing
    stage.overlay(2, brightness=20)
    stage.overlay(4, brightness=30)
    assert stage.asker.done

    assert [outcome.question for outcome in stage.outcomes] == [MUG, UNICORN, BOOK]
    assert [outcome.iou for outcome in stage.outcomes] == [1.0, 1.0, 0.5]
    assert [outcome.verdict for outcome in stage.outcomes] == ["yes", "nothing fits", "yes"]
    assert [outcome.followed for outcome in stage.outcomes] == [False, False, True]
    shown = [int(stage.asker.overlay_pixels(outcome)[0, 0, 0]) for outcome in stage.outcomes]
    assert shown == [10, 20, 30]
    assert all(0 < outcome.latency_ms < 10_000 for outcome in stage.outcomes)

    stage.asker.start_over()
    stage.warm_up()
    stage.result(2, "the mug")
    assert len(stage.outcomes) == 4


def test_a_frame_of_the_warm_up_is_not_used(stage: Stage) -> None:
    stage.warm_up()
    stage.result(1, "the mug")
    assert not stage.outcomes
    stage.result(2, "the mug")
    assert len(stage.outcomes) == 1


def test_a_question_whose_scene_has_gone_by_comes_again(stage: Stage) -> None:
    stage.warm_up()
    stage.show(4)
    stage.result(4, "the mug")  # the mug is of the other scene
    assert stage.asked[-1] == "the book"
    stage.result(4, "the mug")  # late
    assert not stage.outcomes
    stage.result(4, "the book")
    stage.show(2)
    assert stage.asked[-1] == "the mug"
    stage.result(2, "the mug")
    assert [outcome.question for outcome in stage.outcomes] == [BOOK, MUG]


def test_a_node_that_cannot_be_configured_is_noticed(stage: Stage) -> None:
    status = DiagnosticStatus(level=DiagnosticStatus.ERROR, message="cannot configure: no model")
    stage.publish(DiagnosticArray(status=[status]))
    assert stage.asker.failure == "cannot configure: no model"
