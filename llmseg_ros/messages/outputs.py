# SPDX-License-Identifier: Apache-2.0
"""What the segmentation node publishes of an answer: each output by itself, where someone listens.

An output is what an answer is given to. Most are a topic and a function that makes its message;
another one is whatever has the three methods of `Output`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage, Image

from llmseg_core.images.overlay import draw_overlay
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.msg import SegmentationResult, StageTime

from .compressed_images import rgb_to_compressed
from .conversions import mask_to_image, rgb_to_image
from .frame import SegmentedFrame
from .place_messages import place_messages
from .placing import FoundPlaces, Placing
from .result_message import answer_message

__all__ = ["Output", "Outputs", "PublishedAnswer", "TopicOutput", "answer_outputs"]

QUEUE_DEPTH = 5


class PublishedAnswer:
    """An answer on its way out, with the messages that several outputs have in common.

    Attributes:
        answer: the answer; its frame has the colour image, the camera_info and the depth image
            that were captured together.
        mask: the message of its mask.
        result: the message of all of it.
    """

    def __init__(
        self,
        answer: SegmentedFrame,
        now: Time,
        dropped_frames: int,
        placing: Placing | None = None,
    ) -> None:
        """Makes both messages, so that both come or neither does.

        Args:
            answer: the answer.
            now: the node's time, for the age.
            dropped_frames: frames dropped so far.
            placing: finds the places of its objects; None where there is no depth.
        """
        self._start = time.perf_counter()
        self._placing = placing
        self._place_ms: float | None = None
        self.answer = answer
        self.mask = mask_to_image(answer.segmentation.mask, answer.frame.header)
        self.result = answer_message(answer, now, dropped_frames, self.mask)

    @cached_property
    def overlay(self) -> NDArray[np.uint8]:
        """(H, W, 3) RGB: the colour image with the mask drawn in, drawn when somebody asks."""
        return draw_overlay(self.answer.frame.image, self.answer.segmentation)

    @cached_property
    def places(self) -> FoundPlaces:
        """Where its objects are in space, found when somebody asks first."""
        if self._placing is None:
            return FoundPlaces(self.answer.frame.header)
        start = time.perf_counter()
        found = self._placing.find(self.answer)
        self._place_ms = 1000 * (time.perf_counter() - start)
        return found

    def stage_times(self) -> list[StageTime]:
        """What it took since the messages were begun: finding places, and the rest."""
        age_ms = 1000 * (time.perf_counter() - self._start)
        if self._place_ms is None:
            return [StageTime(stage="publish", milliseconds=age_ms)]
        return [
            StageTime(stage="place", milliseconds=self._place_ms),
            StageTime(stage="publish", milliseconds=age_ms - self._place_ms),
        ]


class Output(Protocol):
    """Takes answers, in the thread that publishes them."""

    def is_heard(self) -> bool:
        """Whether somebody listens; asked with every image, from any thread."""

    def publish(self, answer: PublishedAnswer) -> None:
        """Gives the answer to those who listen."""

    def destroy(self) -> None:
        """Ends the output."""


class TopicOutput:
    """A topic of the node; silent while the node is inactive.

    It is reliable, as RViz and image viewers expect, and its QoS can be overridden.
    """

    def __init__(
        self,
        node: LifecycleNode,
        message_type: type,
        topic: str,
        message: Callable[[PublishedAnswer], Any],
    ) -> None:
        """Makes the publisher.

        Args:
            node: the node.
            message_type: type of the topic.
            topic: its name.
            message: makes the message of an answer, in the thread that publishes.
        """
        self._node, self._message = node, message
        self._publisher: LifecyclePublisher = node.create_lifecycle_publisher(
            message_type,
            topic,
            QoSProfile(depth=QUEUE_DEPTH),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def is_heard(self) -> bool:
        """Whether the topic has a subscriber."""
        return bool(self._publisher.get_subscription_count() > 0)

    def publish(self, answer: PublishedAnswer) -> None:
        """Publishes the message of an answer."""
        self._publisher.publish(self._message(answer))

    def destroy(self) -> None:
        """Takes the publisher away."""
        self._node.destroy_lifecycle_publisher(self._publisher)


class Outputs:
    """All outputs of one camera."""

    def __init__(
        self,
        node: LifecycleNode,
        outputs: Iterable[Output],
        errors: ErrorLog,
        placing: Placing | None = None,
    ) -> None:
        """Takes outputs.

        Args:
            node: the node.
            outputs: they get answers in this order.
            errors: gets what one raises.
            placing: finds where objects are; None where there is no depth.
        """
        self._node, self._outputs, self._errors = node, tuple(outputs), errors
        self._placing = placing

    def is_heard(self) -> bool:
        """Whether somebody listens to one of them."""
        return any(output.is_heard() for output in self._outputs)

    def publish(self, answer: SegmentedFrame, dropped_frames: int) -> None:
        """Gives an answer to each output that is heard; one that fails keeps no other from it."""
        heard = [output for output in self._outputs if output.is_heard()]
        if not heard:
            return
        now = self._node.get_clock().now()
        published = PublishedAnswer(answer, now, dropped_frames, self._placing)
        for output in heard:
            self._errors.guard("publishing", output.publish)(published)

    def destroy(self) -> None:
        """Ends them."""
        for output in self._outputs:
            output.destroy()


def answer_outputs(
    node: LifecycleNode, prefix: str, jpeg_quality: Callable[[], int]
) -> list[Output]:
    """Mask, result and overlay of one camera.

    Args:
        node: the node.
        prefix: of their topics, "~/" or "~/NAME/".
        jpeg_quality: of the compressed overlay, from 1 to 100.
    """

    def compressed_overlay(published: PublishedAnswer) -> CompressedImage:
        header = published.answer.frame.header
        return rgb_to_compressed(published.overlay, header, jpeg_quality())

    return [
        TopicOutput(node, Image, f"{prefix}mask", lambda answer: answer.mask),
        TopicOutput(node, SegmentationResult, f"{prefix}result", _timed_result),
        # Last: they are for people, and take longest.
        TopicOutput(node, Image, f"{prefix}overlay", _overlay),
        TopicOutput(node, CompressedImage, f"{prefix}overlay/compressed", compressed_overlay),
    ]


def _timed_result(published: PublishedAnswer) -> SegmentationResult:
    """The result, with the time that it took to come here."""
    result = published.result
    result.places = place_messages(published.places)
    result.stage_times = [*result.stage_times, *published.stage_times()]
    return result


def _overlay(published: PublishedAnswer) -> Image:
    return rgb_to_image(published.overlay, published.answer.frame.header, "bgr8")
