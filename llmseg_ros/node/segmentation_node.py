# SPDX-License-Identifier: Apache-2.0
"""The node: camera images and an instruction in, the mask of what the instruction means out.

Callbacks guard, convert, hand over and return; inference runs in the worker's thread, which also
publishes the answers.
"""

from __future__ import annotations

import gc
import signal
import sys
import time
from typing import Any

import rclpy
import torch
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.logging import get_logger
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from std_msgs.msg import String

from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.outputs import Outputs
from llmseg_ros.ros_context import ros_context

from . import parameters
from .diagnostics import NodeState, diagnostic_status
from .hot_swap import HotSwap
from .mailbox import Mailbox, Statistics
from .model_loading import LoadedModel, load_model
from .segment_service import SegmentService
from .session import Session

__all__ = ["SegmentationNode", "main"]

STOP_TIMEOUT_S = 10.0
"""seconds that deactivating waits for the answer that is being worked on"""


class SegmentationNode(LifecycleNode):
    """The lifecycle node `llmseg`.

    unconfigured → configure: the model is loaded, outputs and `~/instruction` appear.
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
        self._outputs: Outputs | None = None
        self._session: Session | None = None
        self._instruction_subscription: Subscription | None = None
        self._instruction = ""
        self._finalized = False
        self._errors = ErrorLog(self.get_logger())
        self._swap = HotSwap(self, lambda: self._model, self._take_over, self._errors)

        self.add_on_set_parameters_callback(self._check_parameters)
        parameters.declare_node_parameters(self)
        self._service = SegmentService(self, self._running_session)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 1)
        self.create_timer(1.0, self._publish_diagnostics)
        values = parameters.read_node_parameters(self)
        if values.threads:
            torch.set_num_threads(values.threads)
        if values.autostart:
            # Steady time: simulated time may not have begun.
            clock = Clock(clock_type=ClockType.STEADY_TIME)
            self._autostart_timer = self.create_timer(0.0, self._autostart, clock=clock)

    # ------------------------------------------------------------------ transitions

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Loads the model: inactive on success, unconfigured again on failure."""
        self._errors.clear()
        values = parameters.read_node_parameters(self)
        self.get_logger().info(f"loading the model {values.model} on {values.device}")
        try:
            self._model = load_model(values.model, values.runtime, values.load_timeout_s)
            parameters.declare_selection_parameters(self, self._model.pipeline.config.selection)
            self._outputs = Outputs(self)
            self._instruction_subscription = self.create_subscription(
                String, "~/instruction", self._on_instruction, QoSProfile(depth=10)
            )
        except Exception as error:
            return self._refuse("configure", error)
        self.get_logger().info(
            f"model {values.model} ({self._model.pipeline.config.profile}) on {values.device}, "
            f"{values.dtype}, loaded in {self._model.load_s:.1f} s"
        )
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Starts the worker and listens to images: active on success, inactive on failure."""
        assert self._model is not None
        assert self._outputs is not None
        self._errors.clear()
        result = super().on_activate(state)
        try:
            mailbox = Mailbox(
                selection=parameters.read_selection(self),
                max_rate_hz=parameters.read_node_parameters(self).max_rate_hz,
            )
            mailbox.instruct(self._instruction)
            self._session = Session(
                self, self._model.pipeline, mailbox, self._outputs, self._errors
            )
        except Exception as error:
            super().on_deactivate(state)
            return self._refuse("activate", error)
        self.get_logger().info(f"active: images from {self._image_topic}")
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stops listening to images and the worker: inactive."""
        self._stop_inference()
        self._errors.clear()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Frees the model: unconfigured."""
        self._release_model()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stops and frees everything, from any state: finalized."""
        self._stop_inference()
        self._release_model()
        self._finalized = True
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stops and frees everything after an unexpected error: unconfigured."""
        self._stop_inference()
        self._release_model()
        return TransitionCallbackReturn.SUCCESS

    def destroy_node(self) -> None:
        """Stops the worker, then takes the node away."""
        self._stop_inference()
        super().destroy_node()

    def _autostart(self) -> None:
        self._autostart_timer.cancel()
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def _refuse(self, transition: str, error: Exception) -> TransitionCallbackReturn:
        """Undoes a transition that failed and reports why."""
        self._stop_inference()
        if transition == "configure":
            self._release_model()
        reason = f"{type(error).__name__}: {error}"
        self.get_logger().error(self._errors.remember(f"cannot {transition}", reason))
        return TransitionCallbackReturn.FAILURE

    def _stop_inference(self) -> None:
        if self._session is not None and not self._session.stop(STOP_TIMEOUT_S):
            self.get_logger().warning(
                f"inference still runs {STOP_TIMEOUT_S:g} s after it was asked to stop; "
                "its answer will be thrown away"
            )
        self._session = None

    def _release_model(self) -> None:
        if self._instruction_subscription is not None:
            self.destroy_subscription(self._instruction_subscription)
        if self._outputs is not None:
            self._outputs.destroy()
        self._swap.cancel()
        self._instruction_subscription = self._outputs = self._model = None
        self._instruction = ""
        parameters.undeclare_selection_parameters(self)
        gc.collect()
        torch.cuda.empty_cache()

    # ------------------------------------------------------------------ inputs and state

    def _on_instruction(self, msg: String) -> None:
        self._instruction = msg.data if msg.data.strip() else ""
        if self._session is not None:
            self._session.mailbox.instruct(self._instruction)

    def _running_session(self) -> Session:
        if self._session is None:
            raise RuntimeError(
                f"the node is {self._lifecycle_label}, it segments only while it is active"
            )
        return self._session

    def _publish_diagnostics(self) -> None:
        self._swap.finish()  # in case that its time is over
        array = DiagnosticArray(status=[diagnostic_status(self._state())])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)

    def _state(self) -> NodeState:
        now = time.monotonic()
        values = parameters.read_node_parameters(self)
        session, last = self._session, self._errors.last
        image_at = session.last_image_at if session else None
        return NodeState(
            name=self.get_fully_qualified_name(),
            lifecycle=self._lifecycle_label,
            model=self._model.directory if self._model else values.model,
            device=values.device,
            image_topic=self._image_topic,
            instruction=self._instruction,
            statistics=session.mailbox.statistics if session else Statistics(),
            input_age_s=None if image_at is None else now - image_at,
            last_answer_ms=session.last_answer_ms if session else None,
            last_error=last.text if last else "",
            error_age_s=now - last.at if last else None,
            loading=self._swap.directory,
        )

    @property
    def _image_topic(self) -> str:
        return self.resolve_topic_name("image")

    @property
    def _lifecycle_label(self) -> str:
        if self._finalized:
            return "finalized"
        if self._model is None:
            return "unconfigured"
        return "inactive" if self._session is None else "active"

    # ------------------------------------------------------------------ parameters

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        names = (*parameters.RUNTIME_NAMES, *parameters.SELECTION_NAMES)
        current = {n: self.get_parameter(n).value for n in names if self.has_parameter(n)}
        result = parameters.check_parameters(changes, current, configured=self._model is not None)
        if result.successful and (reason := self._swap.refusal(changes)):
            result = SetParametersResult(successful=False, reason=reason)
        if result.successful and self.executor is not None:
            # They are in force when this callback is over; Humble tells no other way.
            self.executor.create_task(self._apply_parameters)
        return result

    def _apply_parameters(self) -> None:
        values = parameters.read_node_parameters(self)
        if self._session is not None:
            selection = parameters.read_selection(self)
            self._session.mailbox.configure(selection, values.max_rate_hz)
        self._swap.begin(values)

    def _take_over(self, model: LoadedModel) -> None:
        """Puts another model in force, with its own selection where nobody has set it."""
        assert self._model is not None
        old, self._model = self._model.pipeline.config, model
        parameters.adopt_selection(self, old.selection, model.pipeline.config.selection)
        if self._session is not None:
            self._session.replace(model.pipeline, parameters.read_selection(self))


def main(args: list[str] | None = None) -> int:
    """Runs the node until it is interrupted; returns the exit status."""
    with ros_context(args):
        try:
            node = SegmentationNode()
        except ParameterException as error:
            get_logger("llmseg").fatal(str(error))
            return 1
        # One thread is enough: inference has its own, callbacks are short, and the service waits
        # without blocking. rclpy's MultiThreadedExecutor would cost more for every message.
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        try:
            executor.spin()
        except (KeyboardInterrupt, ExternalShutdownException):
            _ignore_interrupts()
        except Exception:
            # A signal that comes while a message is taken breaks that call, and ends rclpy soon.
            _ignore_interrupts()
            time.sleep(0.2)
            if rclpy.ok():
                raise
        finally:
            node.destroy_node()
    _ignore_interrupts()  # rclpy has put the former handler back
    return 0


def _ignore_interrupts() -> None:
    """A terminal and `ros2 launch` may both send SIGINT; the second must not break a clean end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
