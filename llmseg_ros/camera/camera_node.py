# SPDX-License-Identifier: Apache-2.0
"""The node `llmseg_camera`: plays recordings, images, a video or a webcam as a camera."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import rclpy
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor, SetParametersResult
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.task import Future
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from llmseg_ros.messages.conversions import rgb_to_image
from llmseg_ros.ros_context import ros_context

from .camera_frame import CameraFrame, SourceError
from .camera_model import DEFAULT_FIELD_OF_VIEW_DEG, CameraModel
from .image_sources import open_source

__all__ = ["CameraNode", "CameraParameters", "main"]

DEFAULT_RATE_HZ = 10.0
MAX_RATE_HZ = 1000.0
DEFAULT_FRAME_ID = "camera_optical_frame"

DESCRIPTIONS = {
    "source": (
        "What to play: a recording (folder with metadata.yaml, .mcap or .db3 file), a folder of "
        "images, one image, a video file, a video device such as /dev/video0, or a webcam's number."
    ),
    "image_topic": "Image topic of a recording; empty where the recording has one image topic.",
    "rate_hz": (
        "Images a second; 0 for the source's own rate, or 10 where it has none. Can be changed at "
        "run time."
    ),
    "loop": "Whether to start over at the end; otherwise the node exits there.",
    "frame_id": (
        f"frame_id of the messages; empty for the recording's, or {DEFAULT_FRAME_ID} where there "
        "is none."
    ),
    "recorded_stamps": "Whether to keep a recording's stamps; otherwise images are stamped now.",
    "wait_for_subscriber": (
        "Whether the first image waits until somebody subscribes, so that none is missed."
    ),
    "field_of_view_deg": (
        "Horizontal field of view, in degrees, of the camera_info published where the source has "
        "no calibration."
    ),
}


@dataclass(frozen=True)
class CameraParameters:
    """The node's parameters; their meaning is in DESCRIPTIONS."""

    source: str = ""
    image_topic: str = ""
    rate_hz: float = 0.0
    loop: bool = True
    frame_id: str = ""
    recorded_stamps: bool = False
    wait_for_subscriber: bool = False
    field_of_view_deg: float = DEFAULT_FIELD_OF_VIEW_DEG


def declare_camera_parameters(node: Node) -> CameraParameters:
    """Declares the parameters and returns the values that the node was started with."""
    ranges = {
        "rate_hz": FloatingPointRange(from_value=0.0, to_value=MAX_RATE_HZ),
        "field_of_view_deg": FloatingPointRange(from_value=1.0, to_value=179.0),
    }
    values: dict[str, Any] = {}
    defaults = CameraParameters()
    for name, description in DESCRIPTIONS.items():
        descriptor = ParameterDescriptor(
            description=description,
            read_only=name != "rate_hz",
            dynamic_typing=name == "source",  # a webcam's number arrives as an integer
            floating_point_range=[ranges[name]] if name in ranges else [],
        )
        values[name] = node.declare_parameter(name, getattr(defaults, name), descriptor).value
    return CameraParameters(**{**values, "source": str(values["source"])})


class CameraNode(Node):
    """Publishes `image` and `camera_info` with equal headers.

    Both topics are reliable with depth 5, which best-effort and reliable subscriptions accept.
    """

    def __init__(self, **node_arguments: Any) -> None:
        """Opens the source; the arguments are rclpy's, for parameters and remappings.

        Raises:
            SourceError: the source cannot be opened.
            ParameterException: a parameter of wrong type or out of range.
        """
        super().__init__("llmseg_camera", **node_arguments)
        self.finished: Future = Future()
        """Done at the end of the source; holds a SourceError where the source failed."""
        self._settings = declare_camera_parameters(self)
        self._source = open_source(self._settings.source, self._settings.image_topic, self._report)
        self._source_rate_hz = self._source.rate_hz
        self._frames = self._play()
        self._waiting = self._settings.wait_for_subscriber

        qos = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
        overriding = QoSOverridingOptions.with_default_policies()
        self._images = self.create_publisher(Image, "image", qos, qos_overriding_options=overriding)
        self._infos = self.create_publisher(
            CameraInfo, "camera_info", qos, qos_overriding_options=overriding
        )
        rate_hz = self._effective_rate(self._settings.rate_hz)
        # Steady, so that images come at their rate also where nobody publishes simulated time.
        self._timer = self.create_timer(
            1 / rate_hz, self._publish_next, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self.add_on_set_parameters_callback(self._on_parameters)
        self.get_logger().info(f"playing {self._settings.source!r} at {rate_hz:.3g} Hz")

    def _play(self) -> Iterator[CameraFrame]:
        """Yields the source's frames, over and over where `loop` is set."""
        while True:
            count = 0
            for frame in self._source:
                count += 1
                yield frame
            if count == 0:
                raise SourceError(f"not one readable image in {self._settings.source!r}")
            if not self._settings.loop:
                return

    def _publish_next(self) -> None:
        self._waiting = self._waiting and self._images.get_subscription_count() == 0
        if self._waiting:
            return
        try:
            frame = next(self._frames, None)
        except SourceError as error:
            self._timer.cancel()
            self.finished.set_exception(error)
            return
        if frame is None:
            self._timer.cancel()
            self.get_logger().info("end of the source")
            self.finished.set_result(None)
            return
        header = self._header(frame)
        height, width = frame.rgb.shape[:2]
        camera = frame.camera or CameraModel.from_field_of_view(
            height, width, self._settings.field_of_view_deg
        )
        self._images.publish(rgb_to_image(frame.rgb, header))
        self._infos.publish(camera.to_message(header))

    def _header(self, frame: CameraFrame) -> Header:
        frame_id = self._settings.frame_id or frame.frame_id or DEFAULT_FRAME_ID
        if self._settings.recorded_stamps and frame.stamp_ns is not None:
            stamp = Time(nanoseconds=frame.stamp_ns).to_msg()
        else:
            stamp = self.get_clock().now().to_msg()
        return Header(stamp=stamp, frame_id=frame_id)

    def _effective_rate(self, rate_hz: float) -> float:
        return rate_hz or min(self._source_rate_hz or DEFAULT_RATE_HZ, MAX_RATE_HZ)

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            if parameter.name == "rate_hz":
                self._timer.timer_period_ns = int(1e9 / self._effective_rate(parameter.value))
        return SetParametersResult(successful=True)

    def _report(self, problem: str) -> None:
        self.get_logger().warning(problem)


def main(args: list[str] | None = None) -> int:
    """Runs the node until its source ends or it is interrupted; returns the exit status."""
    with ros_context(args):
        try:
            node = CameraNode()
            rclpy.spin_until_future_complete(node, node.finished)
            node.finished.result()
        except (SourceError, ParameterException) as error:
            get_logger("llmseg_camera").fatal(str(error))
            return 1
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
