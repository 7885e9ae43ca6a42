# SPDX-License-Identifier: Apache-2.0
"""The parameter `model` of a running node: another model is loaded while the old one goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rclpy.node import Node
from rclpy.parameter import Parameter

from llmseg_ros.error_log import ErrorLog

from .model_loading import LoadedModel, Loading, ModelLoader, inspect_in_time
from .parameters import NodeParameters

__all__ = ["HotSwap"]


class HotSwap:
    """At most one model that is being loaded beside the one in force.

    A directory that is no model is refused at once, with the parameter. What can only be seen while
    loading is logged and shown in the diagnostics, and the parameter goes back to what it was. All
    methods are for the executor's thread.

    Attributes:
        loading: what is being loaded; None if nothing is.
    """

    def __init__(
        self,
        node: Node,
        loader: ModelLoader,
        in_force: Callable[[], LoadedModel | None],
        take_over: Callable[[LoadedModel], None],
        errors: ErrorLog,
    ) -> None:
        """Loads nothing yet.

        Args:
            node: has the parameter `model`.
            loader: loads models.
            in_force: gives the node's model; None while it has none.
            take_over: puts a model in force.
            errors: remembers why a model could not be loaded.
        """
        self.loading: Loading | None = None
        self._node, self._loader = node, loader
        self._in_force, self._take_over = in_force, take_over
        self._errors = errors

    def refusal(self, changes: Iterable[Parameter]) -> str:
        """Why these parameters cannot be set; empty if they can. Reads no weights."""
        asked = {change.name: change.value for change in changes}.get("model")
        in_force = self._in_force()
        if asked is None or in_force is None or asked == in_force.directory:
            return ""
        if self.loading is not None:
            if asked == self.loading.directory:
                return ""
            return f"the model {self.loading.directory} is being loaded: wait until it is in force"
        if reason := self._loader.refusal():
            return reason
        try:
            inspect_in_time(asked)
        except Exception as error:  # whatever the files of a model make a reader do
            return str(error) or type(error).__name__
        return ""

    def begin(self, values: NodeParameters) -> None:
        """Begins to load the model that `values` name, if it is another than the one in force.

        If it is the one in force again, what was being loaded is thrown away.
        """
        in_force = self._in_force()
        if in_force is None or values.model == in_force.directory:
            self.cancel()
            return
        if self.loading is not None:
            return
        self._node.get_logger().info(f"loading the model {values.model} beside the one in force")
        try:
            self.loading = self._loader.start(
                values.model, values.runtime, values.load_timeout_s, in_force.shared
            )
        except Exception as error:
            self._fail(values.model, str(error))
            return
        self.loading.future.add_done_callback(self._finish_soon)

    def finish(self) -> None:
        """Puts what was loaded in force, or gives up; does nothing while it is being loaded."""
        if self.loading is None or not self.loading.future.done():
            return
        loading, self.loading = self.loading, None
        if error := loading.future.exception():
            self._fail(loading.directory, f"{type(error).__name__}: {error}")
            return
        loaded = loading.future.result()
        self._take_over(loaded)
        self._node.get_logger().info(
            f"model {loaded.directory} is in force, loaded in {loaded.load_s:.1f} s"
        )

    def cancel(self) -> None:
        """Throws away what is being loaded."""
        self.loading = None

    def _fail(self, directory: str, reason: str) -> None:
        text = self._errors.remember(f"cannot load the model {directory}", reason)
        in_force = self._in_force()
        assert in_force is not None  # without a model nothing is loaded here
        self._node.get_logger().error(f"{text}; {in_force.directory} stays in force")
        self._node.set_parameters([Parameter("model", value=in_force.directory)])

    def _finish_soon(self, _: object) -> None:
        """Has `finish` called in the executor's thread; is called in another one."""
        if self._node.executor is not None:
            self._node.executor.create_task(self._errors.guard("parameter model", self.finish))
