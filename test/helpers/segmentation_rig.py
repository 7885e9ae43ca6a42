# SPDX-License-Identifier: Apache-2.0
"""The segmentation node and all that one would connect to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Log, SetParametersResult
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.subscription import Subscription
from rclpy.time import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String

from helpers.observer import Observer
from helpers.pictures import picture
from llmseg_ros.messages.conversions import rgb_to_image
from llmseg_ros.msg import SegmentationResult
from llmseg_ros.node.segmentation_node import SegmentationNode
from llmseg_ros.srv import Segment

DEPTH = 50


def image_message(stamp_s: int, encoding: str = "rgb8", seed: int = 0) -> Image:
    """A picture whose stamp says which one it is."""
    header = Header(stamp=Time(seconds=stamp_s).to_msg(), frame_id="camera")
    return rgb_to_image(picture(seed, 60, 80), header, encoding)


class SegmentationRig:
    """A node, its messages so far, and clients of its services."""

    def __init__(self, observer: Observer, *, listens: bool = True, **parameters: Any) -> None:
        """Starts the node with `parameters`; answers are not followed unless these say so."""
        self.observer = observer
        self.results: list[SegmentationResult] = []
        self.masks: list[Image] = []
        self.diagnostics: list[DiagnosticStatus] = []
        self.logs: list[str] = []
        node = observer.node
        self._listening: list[Subscription] = []
        if listens:
            self.listen()
        node.create_subscription(
            DiagnosticArray, "/diagnostics", lambda m: self.diagnostics.extend(m.status), DEPTH
        )
        # Logs from before the two nodes found each other come as well.
        logs = QoSProfile(depth=DEPTH, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._logs = node.create_subscription(
            Log, "/rosout", lambda m: self.logs.append(m.msg), logs
        )
        self._images = node.create_publisher(Image, "image", QoSProfile(depth=DEPTH))
        self._instructions = node.create_publisher(String, "llmseg/instruction", DEPTH)
        self._change_state = node.create_client(ChangeState, "llmseg/change_state")
        self._get_state = node.create_client(GetState, "llmseg/get_state")
        self._set_parameters = node.create_client(SetParameters, "llmseg/set_parameters")
        self._segment = node.create_client(Segment, "llmseg/segment")
        overrides = [
            Parameter(name, value=value)
            for name, value in {"following": "off", **parameters}.items()
        ]
        self.node = SegmentationNode(parameter_overrides=overrides)
        observer.add_node(self.node)

    def listen(self) -> None:
        """Subscribes to results and masks."""
        node = self.observer.node
        self._listening = [
            node.create_subscription(
                SegmentationResult, "llmseg/result", self.results.append, DEPTH
            ),
            node.create_subscription(Image, "llmseg/mask", self.masks.append, DEPTH),
        ]

    def unlisten(self) -> None:
        """Ends what `listen` began."""
        for subscription in self._listening:
            self.observer.node.destroy_subscription(subscription)

    def wait_for_images(self) -> None:
        """Waits until the node takes images and instructions."""
        self.observer.wait_until(lambda: self._images.get_subscription_count() > 0)
        self.observer.wait_until(lambda: self._instructions.get_subscription_count() > 0)

    def wait_until_connected(self) -> None:
        """Waits until the node is active and each side has found the other."""
        self.wait_for_images()
        for topic in ("/llmseg/result", "/llmseg/mask"):
            self.wait_for_listener(topic)
        # its own logs and the node's; what is logged while the two find each other can be lost
        self.observer.wait_until(lambda: self._logs.get_publisher_count() > 1)

    def wait_for_listener(self, topic: str) -> None:
        """Waits until the node's publisher of `topic` has a subscriber."""
        publisher = next(p for p in self.node.publishers if p.topic_name == topic)
        self.observer.wait_until(lambda: publisher.get_subscription_count() > 0)

    def call(self, client: Any, request: Any) -> Any:
        """The response of a service."""
        self.observer.wait_until(client.service_is_ready)
        future = client.call_async(request)
        self.observer.wait_until(future.done)
        return future.result()

    def state(self) -> str:
        return self.call(self._get_state, GetState.Request()).current_state.label

    def wait_for_state(self, label: str) -> None:
        """Waits until the node is in a state.

        It asks ten times a second: asking all the time would leave the threads that load the model
        hardly a turn at Python's lock.
        """
        while self.state() != label:
            self.observer.spin_for(0.1)

    def change_state(self, transition: str) -> bool:
        return self.call(self._change_state, self._transition(transition)).success

    def change_state_async(self, transition: str) -> Any:
        self.observer.wait_until(self._change_state.service_is_ready)
        return self._change_state.call_async(self._transition(transition))

    @staticmethod
    def _transition(label: str) -> ChangeState.Request:
        request = ChangeState.Request()
        request.transition.label = label
        return request

    def set_parameter(self, name: str, value: Any) -> SetParametersResult:
        message = Parameter(name, value=value).to_parameter_msg()
        return self.call(self._set_parameters, SetParameters.Request(parameters=[message])).results[
            0
        ]

    def segment(self, instruction: str, image: Image | None = None) -> Segment.Response:
        return self.call(self._segment, self.request(instruction, image))

    def segment_async(self, instruction: str, image: Image | None = None) -> Any:
        self.observer.wait_until(self._segment.service_is_ready)
        return self._segment.call_async(self.request(instruction, image))

    @staticmethod
    def request(instruction: str, image: Image | None) -> Segment.Request:
        return Segment.Request(instruction=instruction, image=image or Image())

    def show(self, image: Image) -> None:
        self._images.publish(image)

    def instruct(self, instruction: str) -> None:
        self._instructions.publish(String(data=instruction))

    def result(self, stamp_s: int | None = None, instruction: str = "") -> SegmentationResult:
        """Waits for a result of that image and instruction."""

        def matching() -> list[SegmentationResult]:
            return [
                r
                for r in self.results
                if stamp_s in (None, r.header.stamp.sec) and instruction in ("", r.instruction)
            ]

        self.observer.wait_until(lambda: bool(matching()))
        return matching()[-1]

    def wait_for_diagnostics(self, level: bytes, text: str) -> DiagnosticStatus:
        """Waits for a status of that level whose message contains `text`."""

        def matching() -> list[DiagnosticStatus]:
            return [s for s in self.diagnostics if s.level == level and text in s.message]

        self.observer.wait_until(lambda: bool(matching()))
        return matching()[-1]

    def wait_for_value(self, key: str, value: str) -> dict[str, str]:
        """Waits for a status whose `key` has that value; returns all its values."""

        def matching() -> list[dict[str, str]]:
            tables = [{pair.key: pair.value for pair in s.values} for s in self.diagnostics]
            return [table for table in tables if table[key] == value]

        self.observer.wait_until(lambda: bool(matching()))
        return matching()[-1]


def pixels(message: Image) -> np.ndarray:
    """The pixels of an unpadded 8-bit message, (H, W) or (H, W, 3)."""
    return (
        np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, -1).squeeze()
    )
