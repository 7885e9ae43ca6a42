# SPDX-License-Identifier: Apache-2.0
"""One camera while the node is configured: its outputs, and what is asked about its images."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSPolicyKind, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from std_msgs.msg import String

from llmseg_core.config import SelectionConfig
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.more_outputs import place_outputs, standard_outputs
from llmseg_ros.messages.outputs import Outputs, answer_outputs
from llmseg_ros.messages.placing import Placing

from .depth_input import DepthInput, placing_settings
from .depth_parameters import read_depth_parameters
from .diagnostics import CameraState
from .instruction import checked_instruction
from .label_topic import LabelTopic
from .mailbox import Mailbox
from .parameters import NodeParameters
from .stream import Stream
from .transforms import Transforms

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
        placing: finds where objects are; None where no depth image is to come.
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
        self._instruction_topic = "~/instruction"
        self._image_topic = "image"
        self._transforms = Transforms(node)
        self._label = LabelTopic(node, "~/")
        self.placing = self._begin_placing()
        outputs = [
            *answer_outputs(node, "~/"),
            *place_outputs(node, "~/", self.placing),
            *standard_outputs(node, "~/", self.placing),
        ]
        self._outputs = Outputs(node, outputs, errors, self.placing)
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
        self._label.tell(self.instruction)
        if self.stream is not None:
            self.stream.mailbox.instruct(self.instruction)

    def clear(self) -> None:
        """Forgets the instruction, and what is followed."""
        self.instruction = ""
        self._label.tell("")
        if self.stream is not None:
            self.stream.clear()

    def open(self, values: NodeParameters, selection: SelectionConfig) -> Stream:
        """Takes images from now on, for the worker that takes jobs from the stream's mailbox.

        Raises:
            RuntimeError: a `qos_overrides` parameter has a bad value.
        """
        depth = None
        if self.placing is not None:
            depth = DepthInput(self._node, read_depth_parameters(self._node), self._errors)
        stream = Stream(
            self._node, self._image_topic, Mailbox(), self._outputs, self._errors, depth
        )
        self.configure()
        stream.mailbox.instruct(self.instruction)
        stream.configure(values, selection)
        self.stream = stream
        return stream

    def configure(self) -> None:
        """Puts parameters in force that do not need a stream."""
        self._label.tell(self.instruction)
        if self.placing is None:
            return
        values = read_depth_parameters(self._node)
        self.placing.settings = placing_settings(values, self.image_topic)
        if values.target_frame:
            self._transforms.listen()

    def _begin_placing(self) -> Placing | None:
        """What finds places in space; None where no depth image is to come."""
        values = read_depth_parameters(self._node)
        if not values.depth_topic:
            return None
        settings = placing_settings(values, self.image_topic)
        return Placing(self._errors, settings, self._transforms.transform)

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
        self._transforms.stop()
        self._label.destroy()
        self._outputs.destroy()
