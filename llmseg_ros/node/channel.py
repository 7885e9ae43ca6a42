# SPDX-License-Identifier: Apache-2.0
"""One camera while the node is configured: its outputs, and what is asked about its images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSPolicyKind, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from std_msgs.msg import String

from llmseg_core.config import SelectionConfig
from llmseg_core.following.tracker import Tracker
from llmseg_ros.error_log import ErrorLog, shortened
from llmseg_ros.messages.more_outputs import place_outputs, standard_outputs
from llmseg_ros.messages.outputs import Output, Outputs, answer_outputs
from llmseg_ros.messages.placing import Placing

from .depth_input import DepthInput, placing_settings
from .depth_parameters import DepthParameters, read_depth_parameters
from .diagnostics import CameraState
from .goal_output import Followed, GoalOutput
from .image_input import image_topic
from .instruction import checked_instruction
from .label_topic import LabelTopic
from .mailbox import Mailbox
from .parameters import NodeParameters, read_node_parameters
from .stream import Stream
from .transforms import Transforms

__all__ = ["Channel", "subscribe_instruction"]

INSTRUCTION_POLICIES = (
    QoSPolicyKind.HISTORY,
    QoSPolicyKind.DEPTH,
    QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DURABILITY,  # transient_local has an instruction from before the node began
)
"""what a parameter can change of how an instruction is subscribed"""


class Channel:
    """A camera's place in the node, from configure to cleanup; a stream while the node is active.

    Attributes:
        placing: finds where objects are; None where no depth image is to come.
        name: of the camera, and of its part of the topics' names; empty for the only one.
        instruction: the instruction in force, perhaps empty; it outlives deactivation.
        stream: brings images to the worker; None while the node is inactive.
    """

    def __init__(
        self,
        node: LifecycleNode,
        errors: ErrorLog,
        views: Sequence[Callable[[str], Output]],
        name: str = "",
    ) -> None:
        """Makes the outputs and listens to instructions.

        Args:
            node: the node.
            errors: gets what fails.
            views: each makes one more output of a camera's name.
            name: of the camera; empty takes `image`, and gives `~/mask` and the others.

        Raises:
            RuntimeError: a `qos_overrides` parameter has a bad value.
        """
        self.name, self.instruction = name, ""
        self.stream: Stream | None = None
        self._node, self._errors = node, errors
        self._is_compressed = read_node_parameters(node).is_compressed
        prefix = self.prefix
        self._transforms = Transforms(node)
        self._label = LabelTopic(node, prefix)
        self.placing = self._begin_placing()
        self._goals = GoalOutput()
        outputs = [
            *answer_outputs(node, prefix, lambda: read_node_parameters(node).overlay_jpeg_quality),
            *place_outputs(node, prefix, self.placing),
            *standard_outputs(node, prefix, self.placing),
            self._goals,
            *(view(name) for view in views),
        ]
        self._outputs = Outputs(node, outputs, errors, self.placing)
        self._subscription = subscribe_instruction(
            node, f"{prefix}instruction", errors, self.instruct
        )

    @property
    def prefix(self) -> str:
        """What the names of its topics begin with."""
        return f"~/{self.name}/" if self.name else "~/"

    @property
    def image_topic(self) -> str:
        """Full name of the topic that images come from."""
        name = f"{self.name}/image" if self.name else "image"
        return image_topic(self._node.resolve_topic_name(name), self._is_compressed)

    def instruct(self, instruction: str) -> None:
        """Puts a checked instruction in force until the next one; an empty one ends answering."""
        asked = f"the instruction {shortened(instruction)!r}" if instruction else "no instruction"
        self._goals.end(RuntimeError(f"superseded: {asked} is in force"))
        self._put_in_force(instruction)

    def follow(self, followed: Followed) -> None:
        """Puts its instruction in force and gives it every result, until another one is."""
        self._goals.begin(followed)
        self._put_in_force(followed.instruction)

    def unfollow(self, followed: Followed, error: Exception) -> None:
        """Ends it with that reason, and its instruction is in force no longer, if it was still."""
        if self._goals.followed is followed:
            self._goals.end(error)
            self._forget()

    def clear(self, reason: str) -> None:
        """Forgets the instruction, and what is followed; goals that follow end with the reason."""
        self._goals.end(RuntimeError(reason))
        self._forget()

    def enable(self, is_enabled: bool) -> None:
        """Goes on with answering, or pauses it; a goal that follows ends when it is paused."""
        if not is_enabled and self._goals.is_heard():
            self.clear("~/enable paused the node")
        if self.stream is not None:
            self.stream.enable(is_enabled)

    def open(self, mailbox: Mailbox, trackers: Mapping[str, Tracker[Any]]) -> Stream:
        """Takes images from now on, for the worker that looks after `mailbox`.

        Args:
            mailbox: where frames go.
            trackers: what carries answers along, by the value of the parameter `following`.

        Raises:
            RuntimeError: a `qos_overrides` parameter has a bad value.
        """
        depth = None
        if self.placing is not None:
            depth = DepthInput(self._node, self._depth_values(), self._errors)
        stream = Stream(
            self._node, self.image_topic, mailbox, self._outputs, self._errors, trackers, depth,
            self._is_compressed,
        )  # fmt: skip
        mailbox.instruct(self.instruction)
        self.stream = stream
        return stream

    def configure(self, values: NodeParameters, selection: SelectionConfig) -> None:
        """Puts parameters in force."""
        self._label.tell(self.instruction)
        if self.stream is not None:
            self.stream.configure(values, selection)
        if self.placing is None:
            return
        depth = self._depth_values()
        self.placing.settings = placing_settings(depth, self.image_topic)
        if depth.target_frame:
            self._transforms.listen()

    def close(self, reason: str) -> None:
        """Takes no images any more; a goal that follows ends with the reason."""
        if self._goals.is_heard():
            self.clear(reason)
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.stop()

    def state(self) -> CameraState:
        """What is known of the camera, for the diagnostics."""
        if self.stream is None:
            return CameraState(self.image_topic, self.instruction, self.name)
        return self.stream.state(self.instruction, self.name)

    def destroy(self) -> None:
        """Takes away what it made."""
        self.close("the node is being cleaned up")
        self._node.destroy_subscription(self._subscription)
        self._transforms.stop()
        self._label.destroy()
        self._outputs.destroy()

    def _depth_values(self) -> DepthParameters:
        return read_depth_parameters(self._node).of_camera(self.name)

    def _begin_placing(self) -> Placing | None:
        """What finds places in space; None where no depth image is to come."""
        values = self._depth_values()
        if not values.depth_topic:
            return None
        settings = placing_settings(values, self.image_topic)
        return Placing(self._errors, settings, self._transforms.transform)

    def _forget(self) -> None:
        self.instruction = ""
        self._label.tell("")
        if self.stream is not None:
            self.stream.clear()

    def _put_in_force(self, instruction: str) -> None:
        self.instruction = instruction
        self._label.tell(instruction)
        if self.stream is not None:
            self.stream.attend()
            self.stream.mailbox.instruct(instruction)


def subscribe_instruction(
    node: LifecycleNode, topic: str, errors: ErrorLog, instruct: Callable[[str], None]
) -> Subscription:
    """Listens to instructions.

    Args:
        node: the node.
        topic: where they come.
        errors: gets bad ones; then the former one stays in force.
        instruct: gets good ones.

    Raises:
        RuntimeError: a `qos_overrides` parameter has a bad value.
    """

    def on_message(msg: String) -> None:
        try:
            instruction = checked_instruction(msg.data)
        except ValueError as error:
            errors.report(topic, f"{error}; the former one stays in force")
        else:
            instruct(instruction)

    return node.create_subscription(
        String,
        topic,
        errors.guard(topic, on_message),
        QoSProfile(depth=10),
        qos_overriding_options=QoSOverridingOptions(INSTRUCTION_POLICIES),
    )
