# SPDX-License-Identifier: Apache-2.0
"""The node's side of its live page: the server, and what the page may ask and change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from rclpy.node import Node
from rclpy.parameter import Parameter

from llmseg_core.config import SelectionRule
from llmseg_core.methods.method import Method
from llmseg_core.types import Segmentation
from llmseg_core.web.guard import is_loopback
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.frame import Frame
from llmseg_ros.parameter_table import ParameterSpec
from llmseg_ros.web.camera_view import CameraView
from llmseg_ros.web.history import History

from .channel import Channel
from .diagnostics import CameraState, NodeState, diagnostic_status
from .instruction import checked_instruction
from .parameters import FOLLOWING, NODE_PARAMETERS
from .selection_parameters import selection_parameters

if TYPE_CHECKING:
    from llmseg_core.web.server import LocalServer

__all__ = ["LivePage"]

T = TypeVar("T")
NODE_SLIDERS = ("max_rate_hz", "following")
"""parameters of the node, beside those of the selection, that the page changes"""
CHOICES = {"rule": tuple(rule.value for rule in SelectionRule), "following": FOLLOWING}
SHOWN_MAXIMUM = {"top_k": 20.0, "max_rate_hz": 30.0}
"""where a slider ends, although the parameter's range goes on"""


class LivePage:
    """A page at `web_host`:`web_port` for as long as a port is named; a `Door` for it.

    Nothing of the web is imported before.
    """

    def __init__(
        self,
        node: Node,
        errors: ErrorLog,
        channels: Callable[[], Iterable[Channel]],
        state: Callable[[], NodeState],
        method: Callable[[], Method | None],
    ) -> None:
        """There is no page yet.

        Args:
            node: whose page it is.
            errors: gets what fails.
            channels: the cameras; none while the node is not configured.
            state: of the node; called in its thread.
            method: the model; None while there is none.
        """
        self._node, self._errors = node, errors
        self._channels, self._state, self._method = channels, state, method
        self._history = History()
        self._views: dict[str, CameraView] = {}
        self._place: tuple[str, int] = ("", 0)
        self._server: LocalServer | None = None

    @property
    def url(self) -> str:
        """Where a browser finds it; empty while there is none."""
        return self._server.url if self._server else ""

    def view(self, camera: str) -> CameraView:
        """The output of a camera that the page shows."""
        self._views[camera] = CameraView(self._history)
        return self._views[camera]

    def configure(self, host: str, port: int) -> None:
        """Opens the page at another place, or closes it with port 0.

        A place that cannot be had is reported, and there is no page then.
        """
        if (host, port) == self._place:
            return
        self.stop()
        self._place = host, port
        if not port:
            return
        try:
            from llmseg_core.web.server import LocalServer
            from llmseg_ros.web.live_app import live_app

            self._server = LocalServer(host, port)
        except (OSError, ImportError) as error:
            self._errors.report("web_port", f"there is no live page: {error}")
            return
        self._server.start(live_app(self))
        self._node.get_logger().info(f"the live page is at {self._server.url}")
        if not is_loopback(host):
            self._node.get_logger().warning(
                f"web_host is {host}: whoever reaches it sees the cameras and can instruct the node"
            )

    def stop(self, timeout_s: float = 0.4) -> None:
        """Ends the page, also while somebody looks."""
        server, self._server, self._place = self._server, None, ("", 0)
        if server is not None:
            server.stop(timeout_s)

    # ------------------------------------------------------------------ the door

    def cameras(self) -> dict[str, CameraView]:
        """See `Door`."""
        return {each.name: self._views[each.name] for each in self._channels()}

    def newest(self, camera: str) -> tuple[str, Frame | None]:
        """See `Door`."""
        for channel in self._channels():
            if channel.name == camera:
                stream = channel.stream
                return channel.instruction, None if stream is None else stream.mailbox.newest
        return "", None

    def full_answer(self, camera: str) -> Segmentation | None:
        """See `Door`."""
        for channel in self._channels():
            if channel.name == camera and channel.stream is not None:
                return channel.stream.last_answer
        return None

    def state(self) -> Future[dict[str, Any]]:
        """See `Door`."""
        return self._in_node(self._plain_state)

    def instruct(self, camera: str, text: str) -> Future[None]:
        """See `Door`."""

        def work() -> None:
            instruction = checked_instruction(text)
            channel = next((each for each in self._channels() if each.name == camera), None)
            if channel is None:
                raise ValueError(f"there is no camera {camera[:80]!r} now")
            channel.instruct(instruction)
            if instruction:
                self._history.ask(instruction)

        return self._in_node(work)

    def set_parameter(self, name: str, value: Any) -> Future[None]:
        """See `Door`."""

        def work() -> None:
            specs = {spec.name: spec for spec in self._specs()}
            if name not in specs:
                raise ValueError(f"the page cannot set {name[:80]!r}, it sets {', '.join(specs)}")
            _check_type(specs[name], value)
            result = self._node.set_parameters([Parameter(name, value=value)])[0]
            if not result.successful:
                raise ValueError(result.reason)

        return self._in_node(work)

    def _in_node(self, work: Callable[[], T]) -> Future[T]:
        """Do something in the node's thread."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return  # nobody waits any more
            try:
                future.set_result(work())
            except Exception as error:  # told to whoever asked
                future.set_exception(error)

        executor = self._node.executor
        if executor is None:
            future.set_exception(ConnectionError("the node is not running"))
        else:
            executor.create_task(run)
        return future

    # ------------------------------------------------------------------ plain values

    def _plain_state(self) -> dict[str, Any]:
        state, method = self._state(), self._method()
        cameras = [self._plain_camera(state, each.name, each.state()) for each in self._channels()]
        _, message = _judged(state, CameraState(self._node.resolve_topic_name("image"), ""))
        return {
            "node": state.name,
            "lifecycle": state.lifecycle,
            "model": state.model,
            "device": state.device,
            "message": message,
            "calibrated": method is not None and method.calibration is not None,
            "cameras": cameras,
            "parameters": [self._plain_parameter(spec) for spec in self._specs()],
            "history": self._history.plain(),
        }

    def _plain_camera(self, state: NodeState, name: str, camera: CameraState) -> dict[str, Any]:
        level, message = _judged(state, camera)
        return {
            "name": name,
            "topic": camera.image_topic,
            "instruction": camera.instruction,
            "level": level,
            "message": message,
            "received": camera.statistics.received,
            "answers": camera.statistics.processed,
            "last_answer_ms": camera.last_answer_ms,
        }

    def _specs(self) -> list[ParameterSpec]:
        """The parameters that can be set now."""
        method, found = self._method(), []
        if method is not None:
            names = method.description.selection
            found = [spec for spec in selection_parameters(method.selection) if spec.name in names]
        return [*found, *(spec for spec in NODE_PARAMETERS if spec.name in NODE_SLIDERS)]

    def _plain_parameter(self, spec: ParameterSpec) -> dict[str, Any]:
        return {
            "name": spec.name,
            "value": self._node.get_parameter(spec.name).value,
            "default": spec.default,
            "minimum": spec.minimum,
            "maximum": SHOWN_MAXIMUM.get(spec.name, spec.maximum),
            "switch": isinstance(spec.default, bool),
            "whole": isinstance(spec.default, int),
            "choices": list(CHOICES.get(spec.name, ())),
            "description": spec.description,
        }


def _judged(state: NodeState, camera: CameraState) -> tuple[int, str]:
    """Level (0 good, 1 warning, 2 error) and message, as in the diagnostics."""
    status = diagnostic_status(state, camera)
    return status.level[0], status.message


def _check_type(spec: ParameterSpec, value: Any) -> None:
    """Refuses a value of another type than the parameter's; an integer is a number, too."""
    wanted = type(spec.default)
    if type(value) is not wanted and (wanted, type(value)) != (float, int):
        kinds = {str: "a text", bool: "true or false", int: "a whole number"}
        kind = kinds.get(wanted, "a number")
        raise ValueError(f"{spec.name} is {str(value)[:80]!r}, it must be {kind}")
