# SPDX-License-Identifier: Apache-2.0
"""One camera while the node is active: its images in, answers to its instruction out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CompressedImage, Image

try:
    from rclpy.event_handler import QoSRequestedIncompatibleQoSInfo, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import QoSRequestedIncompatibleQoSInfo, SubscriptionEventCallbacks

from llmseg_core.config import SelectionConfig
from llmseg_core.familiarity.familiarity import unfamiliar_warning
from llmseg_core.following.tracker import Tracker
from llmseg_core.types import Segmentation
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.frame import MOST_PIXELS, SegmentedFrame, frame_from_message
from llmseg_ros.messages.outputs import Outputs

from .depth_input import DepthInput
from .diagnostics import CameraState
from .following import FollowingThread
from .image_input import why_no_image
from .mailbox import Mailbox
from .parameters import NodeParameters
from .real_camera import hint_here

__all__ = ["Stream"]

IMAGE_QUEUE_DEPTH = 5
"""images that wait for the callback, which only looks at their fields; what SensorDataQoS says"""


class Stream:
    """Brings a camera's images to the worker, and its answers to the camera's outputs.

    Images are read by the thread that wants their pixels: none is while nobody listens.

    Attributes:
        mailbox: takes instructions and requests, and counts.
        following: carries the answers along and publishes them.
        last_answer: the last full answer; None if there was none.
    """

    def __init__(
        self,
        node: Node,
        topic: str,
        mailbox: Mailbox,
        outputs: Outputs,
        errors: ErrorLog,
        trackers: Mapping[str, Tracker[Any]],
        depth: DepthInput | None = None,
        is_compressed: bool = False,
    ) -> None:
        """Subscribes to the images.

        Args:
            node: is active.
            topic: full name of the topic of the images.
            mailbox: where frames go.
            outputs: gets the answers.
            errors: gets what fails.
            trackers: what carries answers along, by the value of the parameter `following`.
            depth: brings depth images; None without depth. It is stopped with the stream.
            is_compressed: whether images come as CompressedImage.

        Raises:
            RuntimeError: a `qos_overrides` parameter has a bad value.
        """
        self.mailbox = mailbox
        self._depth = depth
        self._last_image_at: float | None = None  # time.monotonic()
        self.last_answer: Segmentation | None = None
        self._last_answer_ms: float | None = None
        self._node, self._outputs, self._errors = node, outputs, errors
        self._topic, self._is_compressed = topic, is_compressed
        self._most_pixels = MOST_PIXELS
        self._trackers = trackers
        self._tracker: Tracker[Any] | None = None
        self._always_on = self._stopped = False
        self._is_enabled = True
        self._images = 0
        self.following = FollowingThread(
            self._publish, mailbox.accepts, mailbox.hurry, self._on_following_error
        )
        self._subscription = node.create_subscription(
            CompressedImage if is_compressed else Image,
            topic,
            self._on_image,
            QoSProfile(depth=IMAGE_QUEUE_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._on_incompatible_qos),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def configure(self, values: NodeParameters, selection: SelectionConfig) -> None:
        """Puts parameters in force."""
        self.mailbox.configure(selection, values.max_rate_hz)
        self._tracker, self._always_on = self._trackers.get(values.following), values.always_on
        self._most_pixels = int(values.max_megapixels * 1e6)
        self.attend()

    def enable(self, is_enabled: bool) -> None:
        """Goes on with answering, or pauses it."""
        self._is_enabled = is_enabled
        self.attend()

    def clear(self) -> None:
        """Ends answering until the next instruction, and forgets what is followed."""
        self.mailbox.instruct("")
        self.following.forget()

    def attend(self) -> None:
        """Sees whether anybody listens; answers are given only while somebody does."""
        is_wanted = self._is_enabled and (self._always_on or self._outputs.is_heard())
        self.mailbox.want(is_wanted)
        self.following.turn(self._tracker if is_wanted else None)

    def adopt(self, answer: SegmentedFrame) -> None:
        """Takes a full answer, which is carried along and published."""
        self._last_answer_ms = answer.segmentation.total_ms
        self.last_answer = answer.segmentation
        if answer.segmentation.unfamiliar:
            warning = unfamiliar_warning(answer.segmentation)
            self._errors.warn(self._topic, f"{warning}; {hint_here()}")
        self.following.adopt(answer)

    def state(self, instruction: str, name: str) -> CameraState:
        """What is known of the camera, for the diagnostics.

        Args:
            instruction: the instruction in force.
            name: of the camera.
        """
        state = CameraState(
            image_topic=self._topic,
            instruction=instruction,
            name=name,
            statistics=self.mailbox.statistics,
            input_age_s=None if (at := self._last_image_at) is None else time.monotonic() - at,
            last_answer_ms=self._last_answer_ms,
            is_wanted=self.mailbox.is_wanted,
        )
        if (last := self.last_answer) is not None:
            state = replace(
                state, unfamiliarity=last.unfamiliarity, unfamiliar=unfamiliar_warning(last)
            )
        if not state.lacks_image:
            return state
        qos = self._subscription.qos_profile
        reason, for_good = why_no_image(self._node, self._topic, qos, self._is_compressed)
        return replace(state, no_image=reason, no_image_for_good=for_good)

    def stop(self) -> None:
        """Ends it: no image is taken, and no answer published any more."""
        self._stopped = True
        self._node.destroy_subscription(self._subscription)
        if self._depth is not None:
            self._depth.stop()
        self.following.stop()

    def _on_image(self, msg: Image | CompressedImage) -> None:
        self._last_image_at = time.monotonic()
        try:
            frame = frame_from_message(msg, self._images + 1, self._most_pixels)
        except Exception as error:  # whatever a message does, the node lives on
            self._errors.report(self._topic, str(error))
            return
        self._images += 1
        if self._depth is not None:  # now, and not when it is answered
            frame.depth = self._depth.capture(msg.header)
        self.attend()
        self.mailbox.submit(frame)
        if self.mailbox.is_asked:
            self.following.see(frame)

    def _on_incompatible_qos(self, event: QoSRequestedIncompatibleQoSInfo) -> None:
        policy = qos_policy_name_from_kind(event.last_policy_kind)
        self._errors.warn(  # the diagnostics say it for as long as it lasts
            self._topic,
            f"no image comes from a publisher whose {policy} policy is incompatible: change the "
            f"publisher, or the parameter qos_overrides.{self._topic}.subscription.*",
        )

    def _publish(self, answer: SegmentedFrame) -> None:
        self._outputs.publish(answer, self.mailbox.statistics.dropped)

    def _on_following_error(self, error: Exception) -> None:
        if not self._stopped:
            self._errors.report_exception("following", error)
