# SPDX-License-Identifier: Apache-2.0
"""The segmentation node as a process of its own, and all that one would connect to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import GetState
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterValue, SetParametersResult
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import String

from helpers.observer import Observer
from helpers.programs import Program
from helpers.segmentation_rig import image_message
from llmseg_ros.msg import SegmentationResult

COUNTED = ("frames received", "answers", "frames dropped", "failures")
"""values of the diagnostics that are numbers of each camera"""

ANSWER_S = 30.0
"""seconds within which a node that lives answers, on a busy machine"""


class NodeProcess:
    """An active node in a process of its own, and all that one would connect to it.

    Attributes:
        results: what it has published so far.
        diagnostics: its newest values by key, counts over all cameras, others of the last one,
            and under "" the newest message.
    """

    def __init__(
        self, observer: Observer, program: Program, cameras: Sequence[str] = ("",)
    ) -> None:
        """Waits until it is active; `cameras` are its, an empty name is the only one."""
        self.observer, self.program, self.cameras = observer, program, cameras
        node = observer.node
        self.results: list[SegmentationResult] = []
        places = [f"{camera}/" if camera else "" for camera in cameras]
        self.images = node.create_publisher(Image, f"{places[0]}image", QoSProfile(depth=50))
        self.instructions = node.create_publisher(String, "llmseg/instruction", 50)
        self.diagnostics: dict[str, str] = {}
        self._subscriptions = [
            *(
                node.create_subscription(
                    SegmentationResult, f"llmseg/{place}result", self._on_result, 50
                )
                for place in places
            ),
            node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 5),
        ]
        self._clients: dict[str, Any] = {}
        topics = (f"{places[-1]}image", f"{places[-1]}image/compressed")
        observer.wait_until(lambda: any(map(node.count_subscribers, topics)), timeout=120)
        observer.wait_until(lambda: self.instructions.get_subscription_count() > 0)
        observer.wait_until(lambda: node.count_publishers(f"llmseg/{places[-1]}result") > 0)

    def send(self, service_type: type, service: str, request: Any) -> Any:
        """The future of a service call."""
        if service not in self._clients:
            client = self.observer.node.create_client(
                service_type, f"llmseg/{service}", qos_profile=QoSProfile(depth=100)
            )
            self.observer.wait_until(client.service_is_ready)
            self._clients[service] = client
        return self._clients[service].call_async(request)

    def call(self, service_type: type, service: str, request: Any) -> Any:
        """The response of a service."""
        future = self.send(service_type, service, request)
        self.observer.wait_until(future.done)
        return future.result()

    def instruct(self, text: str) -> None:
        """Puts an instruction in force."""
        self.instructions.publish(String(data=text))

    def set(self, name: str, value: Any) -> SetParametersResult:
        return self.set_message(Parameter(name, value=value).to_parameter_msg())

    def set_message(self, message: ParameterMessage) -> SetParametersResult:
        request = SetParameters.Request(parameters=[message])
        return self.call(SetParameters, "set_parameters", request).results[0]

    def get(self, name: str) -> ParameterValue:
        request = GetParameters.Request(names=[name])
        return self.call(GetParameters, "get_parameters", request).values[0]

    def assert_works(self, stamp_s: int) -> None:
        """An ordinary question gets its answer, and the node is active."""
        self.results.clear()

        def is_answered() -> bool:
            self.images.publish(image_message(stamp_s))
            self.instructions.publish(String(data="mug"))
            self.observer.spin_for(0.05)
            assert self.program.is_running(), self.program.output
            return any(result.header.stamp.sec == stamp_s for result in self.results)

        self.observer.wait_until(is_answered)
        assert self.call(GetState, "get_state", GetState.Request()).current_state.label == "active"

    def is_alive(self) -> bool:
        """Whether the process runs and its node says that it is active."""
        if not self.program.is_running():
            return False
        future = self.send(GetState, "get_state", GetState.Request())
        try:
            self.observer.wait_until(future.done, ANSWER_S)
        except TimeoutError:
            return False
        return future.result().current_state.label == "active"

    def close(self) -> None:
        """Takes away what was connected, so that another process can be connected to."""
        node = self.observer.node
        for subscription in self._subscriptions:
            node.destroy_subscription(subscription)
        for publisher in (self.images, self.instructions):
            node.destroy_publisher(publisher)
        for client in self._clients.values():
            node.destroy_client(client)

    def _on_result(self, message: SegmentationResult) -> None:
        self.results.append(message)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        tables = [{pair.key: pair.value for pair in one.values} for one in message.status]
        self.diagnostics = {
            key: str(sum(int(table[key]) for table in tables)) if key in COUNTED else value
            for key, value in tables[-1].items()
        }
        self.diagnostics[""] = message.status[-1].message
