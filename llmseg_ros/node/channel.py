# SPDX-License-Identifier: Apache-2.0
"""One camera while the node is configured: its outputs, and what is asked about its images."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSPolicyKind, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from std_msgs.msg import String

from llmseg_core.config import SelectionConfig
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.outputs import Outputs, answer_outputs

from .diagnostics import CameraState
from .instruction import checked_instruction
from .mailbox import Mailbox
from .parameters import NodeParameters
from .stream import Stream

__all__ = ["Channel"]

INSTRUCTION_POLICIES = (
    QoSPolicyKind.HISTORY,
    QoSPolicyKind.DEPTH,
    QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DURABILITY,  # transient_local has an instruction from before the node began
)
"""what a parameter can change of how ~/instruction is subscribed"""


class Channel:
    """A camera's place in the node, from configure to cleanup; a stream while the node is active.

    Attributes:
        image_topic: full name of the topic that its images come from.
        instruction: the instruction in force, perhaps empty; it outlives deactivation.
        stream: brings images to the worker; None while the node is inactive.
    """

    def __init__(self, node: LifecycleNode, errors: ErrorLog) -> None:
        """Makes the outputs and listens to instructions.

        Args:
            node: the node.
            errors: gets what fails.

        Raises:
            RuntimeError: a `qos_overrides` parameter has a bad value.
        """
        self.instruction = ""
        self.stream: Stream | None = None
        self._node, self._errors = node, errors
        self._outputs = Outputs(node, answer_outputs(node, "~/"), errors)
        self._instruction_topic = "~/instruction"
        self._image_topic = "image"
        self._subscription = node.create_subscription(
            String,
            self._instruction_topic,
            errors.guard(self._instruction_topic, lambda msg: self.instruct(msg.data)),
            QoSProfile(depth=10),
            qos_overriding_options=QoSOverridingOptions(INSTRUCTION_POLICIES),
        )

    @property
    def image_topic(self) -> str:
        """Full name of the topic that images come from."""
        return self._node.resolve_topic_name(self._image_topic)

    def instruct(self, text: str) -> None:
        """Puts an instruction in force; a bad one is reported, and the former one stays."""
        try:
            self.instruction = checked_instruction(text)
        except ValueError as error:
            reason = f"{error}; the former one stays in force"
            self._errors.report(self._instruction_topic, reason)
            return
        if self.stream is not None:
            self.stream.mailbox.instruct(self.instruction)

    def clear(self) -> None:
        """Forgets the instruction, and what is followed."""
        self.instruction = ""
        if self.stream is not None:
            self.stream.clear()

    def open(self, values: NodeParameters, selection: SelectionConfig) -> Stream:
        """Takes images from now on, for the worker that takes jobs from the stream's mailbox.

        Raises:
            RuntimeError: a `qos_overrides` parameter has a bad value.
        """
        stream = Stream(self._node, self._image_topic, Mailbox(), self._outputs, self._errors)
        stream.mailbox.instruct(self.instruction)
        stream.configure(values, selection)
        self.stream = stream
        return stream

    def close(self) -> None:
        """Takes no images any more."""
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.stop()

    def state(self) -> CameraState:
        """What is known of the camera, for the diagnostics."""
        if self.stream is None:
            return CameraState(self.image_topic, self.instruction)
        return self.stream.state(self.instruction)

    def destroy(self) -> None:
        """Takes away what it made."""
        self.close()
        self._node.destroy_subscription(self._subscription)
        self._outputs.destroy()
