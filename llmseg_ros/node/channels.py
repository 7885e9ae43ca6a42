# SPDX-License-Identifier: Apache-2.0
"""All cameras of a configured node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rclpy.lifecycle import LifecycleNode

from llmseg_core.config import SelectionConfig
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.outputs import Output

from .channel import Channel, subscribe_instruction
from .parameters import NodeParameters

__all__ = ["Channels"]


class Channels:
    """The cameras by name, and `~/instruction`, which is for all of them."""

    def __init__(
        self,
        node: LifecycleNode,
        names: Sequence[str],
        errors: ErrorLog,
        views: Sequence[Callable[[str], Output]],
    ) -> None:
        """Makes them.

        Args:
            node: the node.
            names: of the cameras; none for a single camera on the topic `image`.
            errors: gets what fails.
            views: each makes one more output of a camera's name.

        Raises:
            RuntimeError: a `qos_overrides` parameter has a bad value.
        """
        self._node = node
        self._channels: dict[str, Channel] = {}
        self._common = None
        try:
            for name in names or [""]:
                self._channels[name] = Channel(node, errors, views, name)
            if names:
                topic = "~/instruction"
                self._common = subscribe_instruction(node, topic, errors, self._instruct)
        except Exception:
            self.destroy()
            raise

    def __iter__(self) -> Iterator[Channel]:
        """The cameras, in the order in which they were named."""
        return iter(self._channels.values())

    def find(self, name: str) -> Channel:
        """The camera of that name; an empty one means the only one there is.

        Raises:
            ValueError: there is none of that name, or more than one.
        """
        if name in self._channels:
            return self._channels[name]
        if not name and len(self._channels) == 1:
            return next(iter(self))
        right = f"it must be one of {', '.join(self._channels)}"
        if "" in self._channels:
            right = "it must be empty, as the node has one camera without a name"
        raise ValueError(f"camera is {name!r}, {right}")

    def configure(self, values: NodeParameters, selection: SelectionConfig) -> None:
        """Puts parameters in force."""
        for channel in self:
            channel.configure(values, selection)

    def clear(self) -> list[str]:
        """Forgets the instructions, and what is followed; returns those that were in force."""
        former = [channel.instruction for channel in self if channel.instruction]
        for channel in self:
            channel.clear("~/clear was called")
        return list(dict.fromkeys(former))

    def enable(self, is_enabled: bool) -> None:
        """Goes on with answering, or pauses it; goals that follow end when it is paused."""
        for channel in self:
            channel.enable(is_enabled)

    def destroy(self) -> None:
        """Takes away what it made."""
        for channel in self:
            channel.destroy()
        if self._common is not None:
            self._node.destroy_subscription(self._common)

    def _instruct(self, instruction: str) -> None:
        for channel in self:
            channel.instruct(instruction)
