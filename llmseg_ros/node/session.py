# SPDX-License-Identifier: Apache-2.0
"""What lives while the segmentation node is active: the cameras' streams and the one worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import Image

from llmseg_core.config import SelectionConfig
from llmseg_core.following.flow import FlowTracker
from llmseg_core.following.tracker import Tracker
from llmseg_core.following.video import VideoTracker
from llmseg_core.methods.method import Method
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.frame import SegmentedFrame, frame_from_message
from llmseg_ros.messages.place_messages import place_messages
from llmseg_ros.messages.placing import Placing
from llmseg_ros.messages.result_message import answer_message
from llmseg_ros.msg import SegmentationResult

from .channels import Channels
from .instruction import checked_instruction
from .mailbox import Mailbox
from .parameters import NodeParameters
from .schedule import Request, Schedule
from .stream import Stream
from .worker import InferenceWorker

__all__ = ["Session", "asked_instruction"]

ATTEND_S = 0.2
"""seconds between two looks whether anybody listens, beside the one at every image"""


class Session:
    """Brings images to the worker and its answers to the outputs, from activation to deactivation.

    Attributes:
        worker: answers.
    """

    def __init__(
        self,
        node: Node,
        method: Method,
        channels: Channels,
        values: NodeParameters,
        selection: SelectionConfig,
        errors: ErrorLog,
        video: VideoTracker | None = None,
        after: Session | None = None,
    ) -> None:
        """Opens the channels and starts the worker.

        Args:
            node: is active.
            method: the model.
            channels: the cameras.
            values: the node's parameters.
            selection: the selection rule.
            errors: gets what fails.
            video: follows by SAM 2's memory, where the node has one.
            after: the session before, whose inference may still run.

        Raises:
            RuntimeError: a `qos_overrides` parameter has a bad value.
        """
        self._node, self._channels, self._errors = node, channels, errors
        self._stopped = False
        trackers: dict[str, Tracker[Any]] = {"flow": FlowTracker()}
        if video is not None:
            trackers["video"] = video
        self._schedule = Schedule()
        self._streams: dict[Mailbox, Stream] = {}
        self._placing: dict[Mailbox, Placing | None] = {}
        try:
            for channel in channels:
                mailbox = self._schedule.mailbox()
                self._streams[mailbox] = channel.open(mailbox, trackers)
                self._placing[mailbox] = channel.placing
        except Exception:
            self._close_channels()
            raise
        self.configure(values, selection)
        self.worker: InferenceWorker = InferenceWorker(
            method,
            self._schedule,
            lambda mailbox, answer: self._streams[mailbox].adopt(answer),
            self._on_error,
            after=None if after is None else after.worker,
        )
        self._attending = node.create_timer(
            ATTEND_S,
            errors.guard("outputs", self._attend),
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )
        for stream in self._streams.values():
            stream.following.start()
        self.worker.start()

    def configure(self, values: NodeParameters, selection: SelectionConfig) -> None:
        """Puts parameters in force."""
        weights = dict(zip(self._streams, values.weights, strict=True))
        self._schedule.configure(values.max_waiting, weights)
        self._channels.configure(values, selection)

    def replace(self, method: Method, selection: SelectionConfig) -> None:
        """Lets another model answer from the next frame on, by `selection`."""
        self.worker.replace(method, selection)

    def ask(
        self,
        camera: str,
        instruction: str,
        image: Image,
        on_place: Callable[[int], None] = lambda _: None,
    ) -> Request:
        """Asks for one answer, beside the instruction in force.

        Args:
            camera: its name; empty where there is one.
            instruction: what to segment.
            image: what to segment; height and width 0 is the camera's newest.
            on_place: see `Request`.

        Raises:
            ValueError: a bad camera, instruction or image.
        """
        channel = self._channels.find(camera)
        asked = asked_instruction(instruction)
        newest = image.height == 0 and image.width == 0
        frame = None if newest else frame_from_message(image)
        assert channel.stream is not None  # from activation to deactivation
        return self._schedule.request(channel.stream.mailbox, asked, frame, on_place)

    def message(self, request: Request, answer: SegmentedFrame) -> SegmentationResult:
        """The result of a request."""
        now = self._node.get_clock().now()
        result = answer_message(answer, now, request.mailbox.statistics.dropped)
        placing = self._placing[request.mailbox]
        if placing is not None:
            result.places = place_messages(placing.find(answer))
        return result

    def give_up(self, request: Request, error: Exception) -> None:
        """Ends a request, which gets the error."""
        self._schedule.fail(request, error)

    def stop(self, timeout_s: float) -> bool:
        """Ends both; False if the worker still runs after `timeout_s` seconds, without any effect.

        Requests that wait get the reason at once.
        """
        self._stopped = True
        self._node.destroy_timer(self._attending)
        self._close_channels()
        return self.worker.stop(timeout_s)

    def _close_channels(self) -> None:
        for channel in self._channels:
            channel.close("the node was deactivated")

    def _attend(self) -> None:
        for stream in self._streams.values():
            stream.attend()

    def _on_error(self, error: Exception) -> None:
        if self._stopped:
            return  # what it could not publish is wanted by nobody
        # These say what is wrong with frame or instruction, or that a server is away.
        if isinstance(error, ValueError | ConnectionError | TimeoutError):
            self._errors.report("inference", f"{type(error).__name__}: {error}")
        else:
            self._errors.report_exception("inference", error)


def asked_instruction(text: str) -> str:
    """The instruction of a request.

    Raises:
        ValueError: it is empty or too long.
    """
    instruction = checked_instruction(text)
    if not instruction:
        raise ValueError(f"the instruction is {text!r}, it must say what to segment")
    return instruction
