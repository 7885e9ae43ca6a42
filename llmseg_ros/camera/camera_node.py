# SPDX-License-Identifier: Apache-2.0
"""The node `llmseg_camera`: plays recordings, images, a video or a webcam as a camera."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ParameterException
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.task import Future
from rclpy.time import Time
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.conversions import rgb_to_image
from llmseg_ros.messages.depth_conversions import depth_to_image
from llmseg_ros.parameter_table import (
    LenientParameters,
    refusing,
    warn_of_unknown,
    warn_of_unknown_qos,
)
from llmseg_ros.process import StartError, StopSignals
from llmseg_ros.ros_context import ros_context, spin

from .camera_frame import CameraFrame, DepthImage, SourceError
from .camera_model import CameraModel
from .image_sources import open_source
from .parameters import DEFAULT_FRAME_ID, MAX_RATE_HZ, MIN_RATE_HZ, declare_camera_parameters

__all__ = ["CameraNode", "main"]

DEFAULT_RATE_HZ = 10.0
SECOND_NS = 10**9


class CameraNode(LenientParameters):
    """Publishes `image` and `camera_info` with equal headers, and `depth` where the source has it.

    All are reliable with a queue of 5, which best-effort and reliable subscriptions accept.
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
        self.errors = ErrorLog(self.get_logger())
        """What fails in any callback, and images that cannot be read."""
        self._timer: Timer | None = None
        self.add_on_set_parameters_callback(refusing(self._on_parameters))
        self._settings = declare_camera_parameters(self)
        warn_of_unknown(self)
        self._skipped = 0
        self._source = open_source(
            self._settings.source,
            self._settings.image_topic,
            self._report,
            self._settings.depth_source,
        )
        self._source_rate_hz = self._source.rate_hz
        self._frames = self._play()
        self._waiting = self._settings.wait_for_subscriber

        qos = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
        overriding = QoSOverridingOptions.with_default_policies()
        self._images = self.create_publisher(Image, "image", qos, qos_overriding_options=overriding)
        self._infos = self.create_publisher(
            CameraInfo, "camera_info", qos, qos_overriding_options=overriding
        )
        self._depths: Publisher | None = None
        if self._source.depth:
            self._depths = self.create_publisher(
                Image, "depth", qos, qos_overriding_options=overriding
            )
        warn_of_unknown_qos(self)
        rate_hz = self._effective_rate(self._settings.rate_hz)
        # Steady, so that images come at their rate also where nobody publishes simulated time.
        self._timer = self.create_timer(
            1 / rate_hz, self._publish_next, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        depth = f", with the depth of {self._source.depth}" if self._source.depth else ""
        self.get_logger().info(f"playing {self._settings.source!r} at {rate_hz:.3g} Hz{depth}")

    def _play(self) -> Iterator[CameraFrame]:
        """Yields the source's frames, over and over where `loop` is set."""
        while True:
            count = self._skipped = 0
            for frame in self._source:
                count += 1
                yield frame
            if count == 0:
                raise SourceError(f"not one readable image in {self._settings.source!r}")
            if self._skipped > 1:
                self.errors.warn("source", f"{self._skipped} of its images were skipped")
            if not self._settings.loop:
                return

    def _publish_next(self) -> None:
        self._waiting = self._waiting and self._images.get_subscription_count() == 0
        if self._waiting:
            return
        try:
            frame = next(self._frames, None)
        except Exception as error:  # of whatever library reads the source
            is_known = isinstance(error, SourceError)
            reason = str(error) if is_known else f"{type(error).__name__}: {error}"
            self._end(SourceError(reason if is_known else f"the source cannot be read: {reason}"))
            return
        if frame is None:
            self.get_logger().info("end of the source")
            self._end(None)
            return
        try:
            self._publish(frame)
        except Exception as error:  # whatever a recording holds, the next image is played
            self.errors.report_exception(f"image {frame.name}", error)

    def _publish(self, frame: CameraFrame) -> None:
        header = self._header(frame)
        height, width = frame.rgb.shape[:2]
        camera = frame.camera or CameraModel.from_field_of_view(
            height, width, self._settings.field_of_view_deg
        )
        # The image last: what belongs to it is there when it comes.
        self._infos.publish(camera.to_message(header))
        if self._depths is not None and frame.depth is not None:
            values = frame.depth.values
            self._depths.publish(depth_to_image(values, self._depth_header(frame.depth, header)))
        self._images.publish(rgb_to_image(frame.rgb, header))

    def _end(self, error: SourceError | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if error is None:
            self.finished.set_result(None)
        else:
            self.finished.set_exception(error)

    def _header(self, frame: CameraFrame) -> Header:
        frame_id = self._settings.frame_id or frame.frame_id or DEFAULT_FRAME_ID
        if self._settings.recorded_stamps and frame.stamp_ns is not None:
            stamp = Time(nanoseconds=frame.stamp_ns).to_msg()
        else:
            stamp = self.get_clock().now().to_msg()
        return Header(stamp=stamp, frame_id=frame_id)

    def _depth_header(self, depth: DepthImage, colour: Header) -> Header:
        stamp = colour.stamp.sec * SECOND_NS + colour.stamp.nanosec + depth.later_ns
        return Header(
            stamp=Time(nanoseconds=max(0, stamp)).to_msg(),
            frame_id=colour.frame_id if depth.frame_id is None else depth.frame_id,
        )

    def _effective_rate(self, rate_hz: float) -> float:
        wanted = rate_hz or self._source_rate_hz or DEFAULT_RATE_HZ
        return min(max(wanted, MIN_RATE_HZ), MAX_RATE_HZ)

    def _on_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        for change in changes:
            if change.name == "rate_hz" and self._timer is not None:
                self._timer.timer_period_ns = int(1e9 / self._effective_rate(change.value))
        return SetParametersResult(successful=True)

    def _report(self, problem: str) -> None:
        self._skipped += 1
        self.errors.warn("source", problem)


def main(arguments: Sequence[str], stop: StopSignals) -> int:
    """Runs the node until its source ends or a signal stops it; returns the exit status.

    Raises:
        StartError: an argument or a parameter is wrong, or the source gives no images.
    """
    with ros_context(arguments):
        try:
            node = CameraNode()
            spin(node, node.errors, stop, node.finished.done)
            if node.finished.done():
                node.finished.result()
        except (SourceError, ParameterException) as error:
            raise StartError(str(error)) from error
    return 0
