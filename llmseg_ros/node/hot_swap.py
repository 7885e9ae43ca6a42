# SPDX-License-Identifier: Apache-2.0
"""The parameter `model` of a running node: another model is loaded while the old one goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future

from rclpy.node import Node
from rclpy.parameter import Parameter

from llmseg_core.model_dir.checkpoint import inspect_model
from llmseg_ros.error_log import ErrorLog

from .model_loading import LoadedModel, start_loading
from .parameters import NodeParameters

__all__ = ["HotSwap"]


class HotSwap:
    """At most one model that is being loaded beside the one in force.

    A directory that is no model is refused at once, with the parameter. What can only be seen while
    loading is logged and shown in the diagnostics, and the parameter goes back to what it was. All
    methods are for the executor's thread.

    Attributes:
        directory: what is being loaded; empty if nothing is.
    """

    def __init__(
        self,
        node: Node,
        in_force: Callable[[], LoadedModel | None],
        take_over: Callable[[LoadedModel], None],
        errors: ErrorLog,
    ) -> None:
        """Loads nothing yet.

        Args:
            node: has the parameter `model`.
            in_force: gives the node's model; None while it has none.
            take_over: puts a model in force.
            errors: remembers why a model could not be loaded.
        """
        self.directory = ""
        self._node, self._in_force, self._take_over = node, in_force, take_over
        self._errors = errors
        self._loading: Future[LoadedModel] | None = None
        self._give_up_at = 0.0

    def refusal(self, changes: Iterable[Parameter]) -> str:
        """Why these parameters cannot be set; empty if they can. Reads no weights."""
        asked = {change.name: change.value for change in changes}.get("model")
        if asked is None or not self._is_another(asked):
            return ""
        if self.directory:
            return f"the model {self.directory} is being loaded: wait until it is in force"
        try:
            inspect_model(asked)
        except (OSError, ValueError) as error:
            return str(error)
        return ""

    def begin(self, values: NodeParameters) -> None:
        """Begins to load the model that `values` name, if it is another than the one in force."""
        in_force = self._in_force()
        if in_force is None or self._loading is not None or not self._is_another(values.model):
            return
        self._node.get_logger().info(f"loading the model {values.model} beside the one in force")
        self.directory = values.model
        self._give_up_at = time.monotonic() + values.load_timeout_s
        self._loading = start_loading(values.model, values.runtime, in_force.shared)
        self._loading.add_done_callback(self._finish_soon)

    def finish(self) -> None:
        """Puts what was loaded in force, or gives up; to be called now and then."""
        if self._loading is None:
            return
        if self._loading.done():
            loading = self._loading
            if error := loading.exception():
                self._fail(f"{type(error).__name__}: {error}")
                return
            self.cancel()
            loaded = loading.result()
            self._take_over(loaded)
            self._node.get_logger().info(
                f"model {loaded.directory} is in force, loaded in {loaded.load_s:.1f} s"
            )
        elif time.monotonic() > self._give_up_at:
            self._fail("it took longer than load_timeout_s")

    def cancel(self) -> None:
        """Throws away what is being loaded."""
        self._loading, self.directory = None, ""

    def _fail(self, reason: str) -> None:
        text = self._errors.remember(f"cannot load the model {self.directory}", reason)
        self.cancel()
        in_force = self._in_force()
        assert in_force is not None  # without a model nothing is loaded here
        self._node.get_logger().error(f"{text}; {in_force.directory} stays in force")
        self._node.set_parameters([Parameter("model", value=in_force.directory)])

    def _is_another(self, directory: str) -> bool:
        in_force = self._in_force()
        return in_force is not None and directory != in_force.directory

    def _finish_soon(self, _: object) -> None:
        """Has `finish` called in the executor's thread; is called in the loading thread."""
        if self._node.executor is not None:
            self._node.executor.create_task(self.finish)
