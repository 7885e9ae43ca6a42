# SPDX-License-Identifier: Apache-2.0
"""Asks the segmentation node about the simulated robot's scene, and compares with what is there.

With `--model` the node gets another model first, while it runs. Of the first answer on an image
that came after the question, this prints the IoU with the true mask, how far its place is from that
of the true pixels, and how far its box is from the true box. It runs where the node runs.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from numpy.typing import NDArray
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String
from visualization_msgs.msg import Marker, MarkerArray

from llmseg_core.cli.program import INTERRUPTED
from llmseg_ros.messages.depth_conversions import depth_to_metres
from llmseg_ros.msg import SegmentationResult
from llmseg_ros.ros_context import ros_context

__all__ = ["Asked", "main"]

KEPT = 40
"""images whose truth is remembered until their answer comes"""


class Asked(Node):
    """Publishes an instruction until an answer to it comes, and remembers what is true.

    Args:
        camera: "scene" or "wrist".
        instruction: what is asked.
        thing: its name in the simulation, such as "alphabet_soup_1".
    """

    def __init__(self, camera: str, instruction: str, thing: str) -> None:
        super().__init__("libero_ask")
        self.instruction, self.thing = instruction, thing
        self.result: SegmentationResult | None = None
        self._truth: dict[str, dict[int, Any]] = {}
        for topic, kind in (
            ("things", Image), ("depth", Image), ("camera_info", CameraInfo), ("pose", PoseStamped),
        ):  # fmt: skip
            self._truth[topic] = {}
            self.create_subscription(
                kind, f"{camera}/{topic}", lambda msg, topic=topic: self._keep(topic, msg), 10
            )
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.marker: Marker | None = None
        self.create_subscription(MarkerArray, "things", self._on_markers, latched)
        self.create_subscription(SegmentationResult, "llmseg/result", self._on_result, 10)
        self._asks = self.create_publisher(String, "llmseg/instruction", 1)
        self.create_timer(1.0, lambda: self._asks.publish(String(data=instruction)))
        self.in_force = ""
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self._asked_ns = self.get_clock().now().nanoseconds

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            values = {each.key: each.value for each in status.values}
            self.in_force = values.get("model", self.in_force)

    def _keep(self, topic: str, msg: Any) -> None:
        kept = self._truth[topic]
        kept[_stamp(msg)] = msg
        for stamp in sorted(kept)[:-KEPT]:
            del kept[stamp]

    def _on_markers(self, msg: MarkerArray) -> None:
        self.marker = next((each for each in msg.markers if each.ns == self.thing), None)

    def _on_result(self, msg: SegmentationResult) -> None:
        stamp = _stamp(msg)
        fresh = stamp > self._asked_ns and msg.instruction == self.instruction
        if fresh and self.marker and all(stamp in kept for kept in self._truth.values()):
            self.result = msg

    def swap(self, model: str, until: float) -> str:
        """Give the node another model, and wait until it is in force.

        Args:
            model: a model directory, by its absolute path.
            until: of `time.monotonic`.

        Returns:
            Why it is not in force; "" if it is.
        """
        client: Any = self.create_client(SetParameters, "llmseg/set_parameters")
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=model)
        change = SetParameters.Request(parameters=[Parameter(name="model", value=value)])
        while not client.service_is_ready() and time.monotonic() < until:
            rclpy.spin_once(self, timeout_sec=0.2)
        future = client.call_async(change)
        while not future.done() and time.monotonic() < until:
            rclpy.spin_once(self, timeout_sec=0.2)
        answer = future.result() if future.done() else None
        if answer is None:
            return "the node llmseg does not answer"
        (outcome,) = answer.results
        if not outcome.successful:
            return str(outcome.reason)
        while self.in_force != model and time.monotonic() < until:
            rclpy.spin_once(self, timeout_sec=0.5)
        self._asked_ns = self.get_clock().now().nanoseconds
        self.result = None
        return "" if self.in_force == model else f"the model in force is still {self.in_force}"

    def compared(self) -> dict[str, float]:
        """The answer beside the truth: "iou", "surface_cm" and "box_cm", NaN where not known."""
        result, marker = self.result, self.marker
        assert result is not None
        assert marker is not None
        numbers, depth, info, pose = (
            self._truth[topic][_stamp(result)]
            for topic in ("things", "depth", "camera_info", "pose")
        )
        shape = (numbers.height, numbers.width)
        true = np.frombuffer(numbers.data, np.uint8).reshape(shape) == marker.id
        mask = np.frombuffer(result.mask.data, np.uint8).reshape(shape) > 0
        either = (true | mask).sum()
        compared = {"iou": float((true & mask).sum() / either) if either else float("nan")}
        compared["surface_cm"] = compared["box_cm"] = float("nan")
        if result.places and result.places[0].valid and true.any():
            place = result.places[0]
            seen = _points(depth_to_metres(depth), np.array(info.k).reshape(3, 3))[true].mean(0)
            compared["surface_cm"] = 100 * float(np.linalg.norm(_xyz(place.position) - seen))
            box = _in_world(_xyz(place.box.position), pose.pose)
            compared["box_cm"] = 100 * float(np.linalg.norm(box - _xyz(marker.pose.position)))
        return compared


def _stamp(msg: Any) -> int:
    return int(msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec)


def _xyz(point: Any) -> NDArray[np.float64]:
    return np.array([point.x, point.y, point.z])


def _points(depth: NDArray[np.float32], k: NDArray[np.float64]) -> NDArray[np.float64]:
    """(H, W, 3) metres in the camera's frame."""
    rows, columns = np.mgrid[: depth.shape[0], : depth.shape[1]]
    x, y = (columns - k[0, 2]) / k[0, 0] * depth, (rows - k[1, 2]) / k[1, 1] * depth
    return np.stack((x, y, depth), axis=-1).astype(np.float64)


def _in_world(point: NDArray[np.float64], pose: Any) -> NDArray[np.float64]:
    q = pose.orientation
    axis, w = np.array([q.x, q.y, q.z]), q.w
    turned = point + 2 * np.cross(axis, np.cross(axis, point) + w * point)
    return turned + _xyz(pose.position)


def main(arguments: list[str] | None = None) -> int:
    """`python -m examples.libero.ask "the alphabet soup" alphabet_soup_1`."""
    parser = argparse.ArgumentParser(prog="examples.libero.ask", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("instruction", help="what the node is asked")
    parser.add_argument("thing", help="what it means, such as alphabet_soup_1")
    parser.add_argument("--camera", default="scene", choices=("scene", "wrist"))
    parser.add_argument("--model", type=Path, metavar="DIR", help="give the node this one first")
    parser.add_argument("--wait", type=float, default=120.0, metavar="S", help="(%(default)s)")
    options = parser.parse_args(arguments)
    try:
        with ros_context([]):
            return _ask(options)
    except KeyboardInterrupt:
        return INTERRUPTED


def _ask(options: argparse.Namespace) -> int:
    node = Asked(options.camera, options.instruction, options.thing)
    until = time.monotonic() + options.wait
    try:
        refused = "" if options.model is None else node.swap(str(options.model.resolve()), until)
        if refused:
            print(f"error: {options.model} is not in force: {refused}", file=sys.stderr)
            return 1
        while node.result is None and time.monotonic() < until:
            rclpy.spin_once(node, timeout_sec=0.5)
        if node.result is None:
            print(f"error: no answer within {options.wait:.0f} s", file=sys.stderr)
            return 1
        compared = node.compared()
        found, confidence = node.result.found, node.result.confidence
        print(
            f"{options.instruction}: found {found}, confidence {confidence:.2f}, "
            f"IoU {compared['iou']:.2f}, place {compared['surface_cm']:.1f} cm and box "
            f"{compared['box_cm']:.1f} cm from the true ones"
        )
    finally:
        node.destroy_node()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
