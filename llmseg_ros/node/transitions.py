# SPDX-License-Identifier: Apache-2.0
"""Lifecycle transitions that never keep the executor: configuring is awaited.

rclpy calls what a transition does within the service `~/change_state`, and whatever takes minutes
there, as loading a model does, keeps get_state, parameters and diagnostics waiting. Here the state
machine enters "configuring", the executor goes on, and the service answers when the node is
inactive, or unconfigured again: what launch files and nav2's lifecycle manager wait for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from llmseg_ros.error_log import ErrorLog

__all__ = ["Transitions", "reporting"]


class Transitions:
    """Answers `~/change_state` of a node; for the executor's thread.

    rclpy has no other access to the service and the state machine than by the node's own fields,
    which are the same from Humble to Kilted.
    """

    def __init__(
        self,
        node: LifecycleNode,
        configure: Callable[[], Awaitable[TransitionCallbackReturn]],
        errors: ErrorLog,
    ) -> None:
        """Takes the place of rclpy's own callback.

        Args:
            node: its other transitions are called as rclpy calls them.
            configure: what configuring does.
            errors: gets what goes wrong unexpectedly.
        """
        self._node = node
        self._configure = configure
        self._errors = errors
        service = node._service_change_state
        self._rclpys_own = service.callback
        service.callback = self._on_change_state
        service.callback_group = ReentrantCallbackGroup()
        service.callback_group.add_entity(service)

    async def configure(self) -> bool:
        """From unconfigured to inactive; False, and unconfigured again, if that fails.

        Raises:
            RuntimeError: the node is in another state.
        """
        self._machine.trigger_transition_by_id(Transition.TRANSITION_CONFIGURE, True)
        try:
            result = await self._configure()
        except Exception as error:
            self._errors.report_exception("configure", error)
            result = TransitionCallbackReturn.FAILURE
        self._machine.trigger_transition_by_label(result.to_label(), True)
        return result == TransitionCallbackReturn.SUCCESS

    def destroy(self) -> None:
        """Lets the state machine go, when the node is destroyed.

        rclpy forgets it, and it holds what the node is for others: they would miss the node only
        after many seconds if anything, such as a thread, still refers to the Python object.
        """
        del self._node._state_machine

    @property
    def _machine(self) -> Any:
        return self._node._state_machine

    async def _on_change_state(
        self, request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        asked = request.transition
        if (asked.label or asked.id) not in self._offered():
            state = self._machine.current_state[1]
            reason = f"no transition {asked.label or asked.id!r} from the state {state}"
            self._errors.warn("~/change_state", reason)
            response.success = False
            return response
        try:
            if (asked.label or asked.id) in ("configure", Transition.TRANSITION_CONFIGURE):
                response.success = await self.configure()
            else:
                response = self._rclpys_own(request, response)
        except Exception as error:
            self._errors.report_exception("~/change_state", error)
            response.success = False
        return response

    def _offered(self) -> set[int | str]:
        """Numbers and labels of the transitions that people may ask for in the present state.

        rclpy would log three lines for each other one, and take the ends of transitions that are
        under way, as if configuring were done before the model is there.
        """
        offered: set[int | str] = set()
        for number, label, *_ in self._machine.available_transitions:
            if number < Transition.TRANSITION_ON_CONFIGURE_SUCCESS:
                offered |= {number, label}
        return offered


def reporting(
    transition: Callable[[Any, LifecycleState], TransitionCallbackReturn],
) -> Callable[[Any, LifecycleState], TransitionCallbackReturn]:
    """A transition of a node with `errors`, which get what it raises; rclpy says nothing of it."""

    @wraps(transition)
    def reported(node: Any, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except Exception as error:
            node.errors.report_exception(transition.__name__, error)
            return TransitionCallbackReturn.ERROR

    return reported
