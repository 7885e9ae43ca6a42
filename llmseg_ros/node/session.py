# SPDX-License-Identifier: Apache-2.0
"""What lives while the segmentation node is active: the image subscription and the worker."""

from __future__ import annotations

import time

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import Image

try:
    from rclpy.event_handler import QoSRequestedIncompatibleQoSInfo, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import QoSRequestedIncompatibleQoSInfo, SubscriptionEventCallbacks

from llmseg_core.config import SelectionConfig
from llmseg_core.methods.method import Method
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.frame import SegmentedFrame, frame_from_message
from llmseg_ros.messages.outputs import Outputs

from .following import FollowingThread
from .image_input import why_no_image
from .mailbox import Mailbox
from .worker import InferenceWorker

__all__ = ["Session"]

IMAGE_QUEUE_DEPTH = 5
"""images that wait for the callback, which only converts; what SensorDataQoS says"""


class Session:
    """Brings images to the worker and its answers to the outputs, from activation to deactivation.

    Attributes:
        mailbox: takes instructions and requests, and counts.
        worker: answers them.
        following: carries the answers along and publishes them.
        last_image_at: time.monotonic() when the last image came; None if none came yet.
        last_answer_ms: how long the last answer took in milliseconds; None if there was none.
    """

    def __init__(
        self,
        node: Node,
        method: Method,
        mailbox: Mailbox,
        outputs: Outputs,
        errors: ErrorLog,
        after: Session | None = None,
        follows: bool = True,
    ) -> None:
        """Subscribes `image` and starts the worker.

        Args:
            node: is active.
            method: the model.
            mailbox: where frames go and jobs come from.
            outputs: gets the answers.
            errors: gets what fails.
            after: the session before, whose inference may still run.
            follows: whether answers are carried along from image to image.

        Raises:
            RuntimeError: a `qos_overrides` parameter has a bad value.
        """
        self.mailbox = mailbox
        self.last_image_at: float | None = None
        self.last_answer_ms: float | None = None
        self._node = node
        self._outputs = outputs
        self._errors = errors
        self._topic = node.resolve_topic_name("image")
        self._stopped = False
        self._images = 0
        self.following = FollowingThread(
            self._publish, mailbox.accepts, mailbox.hurry, self._on_following_error, follows
        )
        self._subscription = node.create_subscription(
            Image,
            "image",
            self._on_image,
            QoSProfile(depth=IMAGE_QUEUE_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._on_incompatible_qos),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self.worker: InferenceWorker = InferenceWorker(
            method,
            mailbox,
            self._on_answer,
            self._on_error,
            after=None if after is None else after.worker,
        )
        self.following.start()
        self.worker.start()

    def why_no_image(self) -> tuple[str, bool]:
        """Why no image comes, and whether somebody must change something first."""
        return why_no_image(self._node, self._topic, self._subscription.qos_profile)

    def replace(self, method: Method, selection: SelectionConfig) -> None:
        """Lets another model answer from the next frame on, by `selection`."""
        self.worker.replace(method, selection)

    def stop(self, timeout_s: float) -> bool:
        """Ends both; False if the worker still runs after `timeout_s` seconds, without any effect.

        Requests that wait get the reason at once.
        """
        self._stopped = True
        self._node.destroy_subscription(self._subscription)
        self.following.stop()
        return self.worker.stop(timeout_s)

    def _on_image(self, msg: Image) -> None:
        self.last_image_at = time.monotonic()
        try:
            frame = frame_from_message(msg, self._images + 1)
        except Exception as error:  # whatever a message does, the node lives on
            self._errors.report(self._topic, str(error))
            return
        self._images += 1
        self.mailbox.submit(frame)
        self.following.see(frame)

    def _on_incompatible_qos(self, event: QoSRequestedIncompatibleQoSInfo) -> None:
        policy = qos_policy_name_from_kind(event.last_policy_kind)
        self._errors.warn(  # the diagnostics say it for as long as it lasts
            self._topic,
            f"no image comes from a publisher whose {policy} policy is incompatible: change the "
            f"publisher, or the parameter qos_overrides.{self._topic}.subscription.*",
        )

    def _on_answer(self, answer: SegmentedFrame) -> None:
        self.last_answer_ms = answer.segmentation.total_ms
        self.following.adopt(answer)

    def _publish(self, answer: SegmentedFrame) -> None:
        self._outputs.publish(answer, self.mailbox.statistics.dropped)

    def _on_following_error(self, error: Exception) -> None:
        if not self._stopped:
            self._errors.report_exception("following", error)

    def _on_error(self, error: Exception) -> None:
        if self._stopped:
            return  # what it could not publish is wanted by nobody
        # These say what is wrong with frame or instruction, or that a server is away.
        if isinstance(error, ValueError | ConnectionError | TimeoutError):
            self._errors.report("inference", f"{type(error).__name__}: {error}")
        else:
            self._errors.report_exception("inference", error)
