# SPDX-License-Identifier: Apache-2.0
"""What lives while the segmentation node is active: the camera's stream and the worker."""

from __future__ import annotations

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from llmseg_core.config import SelectionConfig
from llmseg_core.methods.method import Method
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.placing import Placing

from .channel import Channel
from .parameters import NodeParameters
from .worker import InferenceWorker

__all__ = ["Session"]

ATTEND_S = 0.2
"""seconds between two looks whether anybody listens, beside the one at every image"""


class Session:
    """Brings images to the worker and its answers to the outputs, from activation to deactivation.

    Attributes:
        stream: brings images, and publishes.
        worker: answers.
    """

    def __init__(
        self,
        node: Node,
        method: Method,
        channel: Channel,
        values: NodeParameters,
        selection: SelectionConfig,
        errors: ErrorLog,
        after: Session | None = None,
    ) -> None:
        """Opens the channel and starts the worker.

        Args:
            node: is active.
            method: the model.
            channel: the camera.
            values: the node's parameters.
            selection: the selection rule.
            errors: gets what fails.
            after: the session before, whose inference may still run.

        Raises:
            RuntimeError: a `qos_overrides` parameter has a bad value.
        """
        self._node, self._channel, self._errors = node, channel, errors
        self._stopped = False
        self.stream = channel.open(values, selection)
        self.worker: InferenceWorker = InferenceWorker(
            method,
            self.stream.mailbox,
            self.stream.adopt,
            self._on_error,
            after=None if after is None else after.worker,
        )
        self._attending = node.create_timer(
            ATTEND_S,
            errors.guard("outputs", self.stream.attend),
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )
        self.stream.following.start()
        self.worker.start()

    @property
    def placing(self) -> Placing | None:
        """What finds where objects are; None where no depth image is to come."""
        return self._channel.placing

    def configure(self, values: NodeParameters, selection: SelectionConfig) -> None:
        """Puts parameters in force."""
        self.stream.configure(values, selection)

    def replace(self, method: Method, selection: SelectionConfig) -> None:
        """Lets another model answer from the next frame on, by `selection`."""
        self.worker.replace(method, selection)

    def stop(self, timeout_s: float) -> bool:
        """Ends both; False if the worker still runs after `timeout_s` seconds, without any effect.

        Requests that wait get the reason at once.
        """
        self._stopped = True
        self._node.destroy_timer(self._attending)
        self._channel.close()
        return self.worker.stop(timeout_s)

    def _on_error(self, error: Exception) -> None:
        if self._stopped:
            return  # what it could not publish is wanted by nobody
        # These say what is wrong with frame or instruction, or that a server is away.
        if isinstance(error, ValueError | ConnectionError | TimeoutError):
            self._errors.report("inference", f"{type(error).__name__}: {error}")
        else:
            self._errors.report_exception("inference", error)
