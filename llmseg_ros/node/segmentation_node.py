# SPDX-License-Identifier: Apache-2.0
"""The node: camera images and an instruction in, the mask of what the instruction means out.

Callbacks guard, hand over and return; images are read and segmented in the worker's thread, and a
thread of each camera follows and publishes the answers.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ParameterException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from llmseg_core.config import SelectionConfig
from llmseg_core.methods.method import Method
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.parameter_table import (
    LenientParameters,
    refusing,
    warn_of_unknown,
    warn_of_unknown_qos,
)
from llmseg_ros.process import StartError, StopSignals
from llmseg_ros.ros_context import awaited, ros_context, spin

from . import parameters, selection_parameters
from .channel import Channel
from .channels import Channels
from .depth_parameters import declare_depth_parameters, depth_refusal
from .diagnostics import NodeState
from .diagnostics_topic import DiagnosticsTopic
from .first_words import about_model, how_to_ask, how_to_get
from .hot_swap import HotSwap
from .lifecycle_bond import LifecycleBond
from .live_page import LivePage
from .model_loading import LoadedModel, Loading, ModelLoader
from .rerun_log import RerunLog
from .segment_action import SegmentAction
from .segment_service import SegmentService
from .session import Session
from .switches import Switches
from .transitions import Transitions, reporting

__all__ = ["SegmentationNode", "main"]

FAREWELL_S = 2.0
"""seconds for which a finalized node still tells its state, as a lifecycle manager asks for it"""

STOP_TIMEOUT_S = 0.2
"""seconds that an answer which is being worked on has to end when inference is stopped"""


class SegmentationNode(LenientParameters, LifecycleNode):
    """The lifecycle node `llmseg`.

    unconfigured → configure: the model is loaded, while the node goes on answering; outputs and
    `~/instruction` appear.
    inactive → activate: `image` is subscribed and the worker runs.
    Each transition back gives back what its counterpart took. `~/segment` and `/diagnostics` are
    there from the start: a service call in another state is answered with the reason.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Makes the unconfigured node; `kwargs` go to `LifecycleNode`.

        Raises:
            ParameterException: a parameter was given a bad value.
        """
        super().__init__("llmseg", **kwargs)
        self._model: LoadedModel | None = None
        self._loading: Loading | None = None
        self._channels: Channels | None = None
        self._session: Session | None = None
        self._last_session: Session | None = None  # whose inference may still run
        self._finalized = False
        self.is_over = False
        """Whether nothing can come of this node any more, and who looks has seen that."""
        self.errors = ErrorLog(self.get_logger())
        """What fails in any callback or in inference."""
        self._loader = ModelLoader()
        self._swap = HotSwap(self, self._loader, lambda: self._model, self._take_over, self.errors)
        self._transitions = Transitions(self, self._configure, self.errors)
        self._bond = LifecycleBond(self)

        self._service = SegmentService(self, self._running_session, self.errors)
        self._switches = Switches(self, self._configured_channels, self.errors)
        self._action = SegmentAction(
            self, self._configured_channels, self._running_session, self.errors
        )
        self._page = LivePage(self, self.errors, self._all_channels, self._state, self._method)
        self._rerun = RerunLog(self, self.errors)
        self.add_on_set_parameters_callback(refusing(self._check_parameters))
        parameters.declare_node_parameters(self)
        declare_depth_parameters(self)
        warn_of_unknown(self, later=selection_parameters.SELECTION_NAMES)
        self._diagnostics = DiagnosticsTopic(self, self.errors, self._state, self._all_channels)
        values = parameters.read_node_parameters(self)
        if values.threads:
            torch.set_num_threads(values.threads)
        self._page.configure(values.web_host, values.web_port)
        self._rerun.configure(values.rerun)
        if values.autostart:
            # Steady time: simulated time may not have begun.
            clock = Clock(clock_type=ClockType.STEADY_TIME)
            self._autostart_timer = self.create_timer(0.0, self._autostart, clock=clock)

    # ------------------------------------------------------------------ transitions

    async def _configure(self) -> TransitionCallbackReturn:
        """Loads the model: inactive on success, unconfigured again on failure."""
        try:
            return self._finish_configuring(await awaited(self, self._begin_loading().future))
        except Exception as error:
            return self._refuse("configure", error)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Does the same for `trigger_configure`, which waits until the model is loaded."""
        try:
            return self._finish_configuring(self._begin_loading().future.result())
        except Exception as error:
            return self._refuse("configure", error)

    def _begin_loading(self) -> Loading:
        self.errors.clear()
        values = parameters.read_node_parameters(self)
        self.get_logger().info(f"loading the model {values.model} on {values.device}")
        self._loading = self._loader.start(
            values.model,
            values.runtime,
            values.load_timeout_s,
            following_model=values.following_model,
        )
        return self._loading

    def _finish_configuring(self, model: LoadedModel) -> TransitionCallbackReturn:
        self._loading, self._model = None, model
        selection_parameters.declare_selection_parameters(self, model.method.selection)
        names = parameters.read_node_parameters(self).camera_names
        self._channels = Channels(self, names, self.errors, [self._page.view, self._rerun.view])
        self._say(about_model(model))
        return TransitionCallbackReturn.SUCCESS

    @reporting
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Starts the worker and listens to images: active on success, inactive on failure."""
        assert self._model is not None
        assert self._channels is not None
        self.errors.clear()
        result = super().on_activate(state)
        try:
            self._session = Session(
                self,
                self._model.method,
                self._channels,
                parameters.read_node_parameters(self),
                selection_parameters.read_selection(self, self._model.method.selection),
                self.errors,
                self._model.video,
                after=self._last_session,
            )
            self._channels.enable(self._switches.is_enabled)
            self._bond.offer()
            warn_of_unknown_qos(self)
        except Exception as error:
            super().on_deactivate(state)
            return self._refuse("activate", error)
        self._say(how_to_ask(self, self._channels))
        return result

    @reporting
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stops listening to images and the worker: inactive."""
        self._stop_inference()
        self.errors.clear()
        return super().on_deactivate(state)

    @reporting
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Frees the model: unconfigured."""
        self._release_model()
        return TransitionCallbackReturn.SUCCESS

    @reporting
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stops and frees everything, from any state: finalized, which no transition leaves."""
        self._stop_inference()
        self._release_model()
        self._finalized = True
        self.get_logger().info(f"finalized: a process of this node ends in {FAREWELL_S:g} s")
        self.create_timer(FAREWELL_S, self._end, clock=Clock(clock_type=ClockType.STEADY_TIME))
        return TransitionCallbackReturn.SUCCESS

    @reporting
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stops and frees everything after an unexpected error: unconfigured."""
        self._stop_inference()
        self._release_model()
        return TransitionCallbackReturn.SUCCESS

    def say_farewell(self) -> int:
        """Stops inference; how many callers have not had their answer, which they get now."""
        self._stop_inference()
        return self._service.waiting + self._action.waiting

    def destroy_node(self) -> None:
        """Stops the worker, the live page and the log, then takes the node away."""
        self._stop_inference()
        self._action.destroy()
        self._page.stop()
        self._rerun.stop()
        super().destroy_node()
        self._transitions.destroy()

    def _end(self) -> None:
        self.is_over = True

    def _autostart(self) -> None:
        self._autostart_timer.cancel()
        assert self.executor is not None  # which has called this
        self.executor.create_task(self._configure_and_activate)

    async def _configure_and_activate(self) -> None:
        try:
            if await self._transitions.configure():
                self.trigger_activate()
        except Exception as error:  # somebody else was faster
            self.errors.warn("autostart", str(error))

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.get_logger().info(line)

    def _refuse(self, transition: str, error: Exception) -> TransitionCallbackReturn:
        """Undoes a transition that failed and reports why."""
        self._loading = None
        self._stop_inference()
        if transition == "configure":
            self._release_model()
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, FileNotFoundError):
            reason += how_to_get(parameters.read_node_parameters(self).model)
        self.get_logger().error(self.errors.remember(f"cannot {transition}", reason))
        return TransitionCallbackReturn.FAILURE

    def _stop_inference(self) -> None:
        self._bond.end()
        session, self._session = self._session, None
        if session is None:
            return
        self._last_session = None
        if not session.stop(STOP_TIMEOUT_S):
            self._last_session = session
            self.get_logger().info("the answer that is being worked on will be thrown away")

    def _release_model(self) -> None:
        if self._channels is not None:
            self._channels.destroy()
        self._swap.cancel()
        self._channels = self._model = None
        selection_parameters.undeclare_selection_parameters(self)
        gc.collect()
        torch.cuda.empty_cache()

    # ------------------------------------------------------------------ state

    def _running_session(self) -> Session:
        if self._session is None:
            raise RuntimeError(
                f"the node is {self._lifecycle_label}, it segments only while it is active"
            )
        if not self._switches.is_enabled:
            raise RuntimeError("the node is paused: call ~/enable with data: true first")
        return self._session

    def _configured_channels(self) -> Channels:
        if self._channels is None:
            raise RuntimeError(f"the node is {self._lifecycle_label}, and takes no instruction")
        return self._channels

    def _all_channels(self) -> Sequence[Channel]:
        return () if self._channels is None else tuple(self._channels)

    def _method(self) -> Method | None:
        return None if self._model is None else self._model.method

    def _state(self) -> NodeState:
        values = parameters.read_node_parameters(self)
        last = self.errors.last
        loading = self._loading or self._swap.loading
        return NodeState(
            name=self.get_fully_qualified_name(),
            lifecycle=self._lifecycle_label,
            model=self._model.directory if self._model else values.model,
            device=values.device,
            last_error=last.text if last else "",
            error_age_s=time.monotonic() - last.at if last else None,
            loading=loading.directory if loading else "",
            loading_s=loading.age_s if loading else None,
            busy_s=self._session.worker.busy_s if self._session else None,
            trouble=self._trouble,
            is_enabled=self._switches.is_enabled,
        )

    @property
    def _trouble(self) -> str:
        """Why no answer can be given now; empty while one can, and while none is to be given."""
        if self._session is None or self._model is None:
            return ""
        return self._session.worker.trouble or self._model.method.trouble

    @property
    def _lifecycle_label(self) -> str:
        if self._finalized:
            return "finalized"
        if self._loading is not None:
            return "configuring"
        if self._model is None:
            return "unconfigured"
        return "inactive" if self._session is None else "active"

    # ------------------------------------------------------------------ parameters

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        names = parameters.JUDGED_TOGETHER
        current = {n: self.get_parameter(n).value for n in names if self.has_parameter(n)}
        configured = self._model is not None or self._loading is not None
        model = SelectionConfig() if self._model is None else self._model.method.selection
        result = parameters.check_parameters(changes, current, configured, model)
        reason = self._model_refusal(changes) or depth_refusal(self, changes, configured)
        if result.successful and reason:
            result = SetParametersResult(successful=False, reason=reason)
        if result.successful and self.executor is not None:
            # They are in force when this callback is over; Humble tells no other way.
            self.executor.create_task(self.errors.guard("parameters", self._apply_parameters))
        return result

    def _model_refusal(self, changes: list[Parameter]) -> str:
        """Why another model cannot be taken; empty if none is asked for, or it can."""
        if self._loading is None:
            return self._swap.refusal(changes)
        asked = {change.name: change.value for change in changes}.get("model")
        if asked in (None, self._loading.directory):
            return ""
        return f"the model {self._loading.directory} is being loaded: wait until it is in force"

    def _apply_parameters(self) -> None:
        values = parameters.read_node_parameters(self)
        in_use = self._session or self._channels
        if in_use is not None:
            assert self._model is not None
            model = self._model.method.selection
            in_use.configure(values, selection_parameters.read_selection(self, model))
        self._page.configure(values.web_host, values.web_port)
        self._rerun.configure(values.rerun)
        self._swap.begin(values)

    def _take_over(self, model: LoadedModel) -> None:
        """Puts another model in force, with its own selection where nobody has set it."""
        assert self._model is not None
        old, self._model = self._model.method, replace(model, video=self._model.video)
        selection_parameters.adopt_selection(self, old.selection, model.method.selection)
        if self._session is not None:
            selection = selection_parameters.read_selection(self, model.method.selection)
            self._session.replace(model.method, selection)


def main(arguments: Sequence[str], stop: StopSignals) -> int:
    """Runs the node until a signal stops it or it is finalized; returns the exit status.

    Raises:
        StartError: an argument or a parameter is wrong.
    """
    with ros_context(arguments):
        try:
            node = SegmentationNode()
        except ParameterException as error:
            raise StartError(str(error)) from error
        spin(node, node.errors, stop, lambda: node.is_over, node.say_farewell)
    return 0
