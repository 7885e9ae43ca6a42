# SPDX-License-Identifier: Apache-2.0
"""The action `~/segment_object`: one image and one instruction, or what is followed from now on.

Every goal is accepted: rclpy gives no reason with a refusal, and an aborted goal has one. A goal
that somebody else's puts an end to is aborted, too, since rclpy calls a goal cancelled only if its
client asked for that.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from rclpy.action import ActionServer, CancelResponse
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from llmseg_ros.action import SegmentObject
from llmseg_ros.error_log import ErrorLog, shortened
from llmseg_ros.msg import SegmentationResult
from llmseg_ros.ros_context import awaited

from .channels import Channels
from .goal_output import Followed
from .session import Session, asked_instruction

__all__ = ["SegmentAction"]

T = TypeVar("T")

QUEUE_DEPTH = 1000
"""goals that may come at once; beyond the middleware's 10 they would be lost"""

RESULT_KEPT_S = 10
"""seconds for which a result can be had after its goal has ended"""


class Cancelled(RuntimeError):
    """The client asked for the end of its goal."""

    def __init__(self) -> None:
        super().__init__("cancelled")


class SegmentAction:
    """Answers goals with the worker's results, while the executor goes on with other callbacks."""

    def __init__(
        self,
        node: Node,
        channels: Callable[[], Channels],
        session: Callable[[], Session],
        errors: ErrorLog,
    ) -> None:
        """Offers the action.

        Args:
            node: the node that offers it.
            channels: gives the cameras, or raises RuntimeError with the reason why there are none.
            session: gives the running session, or raises RuntimeError likewise.
            errors: limits what is logged of goals without a result.
        """
        self._node, self._errors = node, errors
        self._channels, self._session = channels, session
        self._running: dict[bytes, Callable[[Exception], None]] = {}  # what ends a goal, by its id
        many = QoSProfile(depth=QUEUE_DEPTH)
        self._server = ActionServer(
            node,
            SegmentObject,
            "~/segment_object",
            self._execute,
            cancel_callback=self._on_cancel,
            goal_service_qos_profile=many,
            cancel_service_qos_profile=many,
            result_service_qos_profile=many,
            result_timeout=RESULT_KEPT_S,
        )

    @property
    def waiting(self) -> int:
        """Goals that have not ended."""
        return len(self._running)

    def destroy(self) -> None:
        """Takes the action away, before the node."""
        self._server.destroy()

    async def _execute(self, goal: Any) -> SegmentObject.Result:
        result = SegmentObject.Result()
        self._running[_key(goal)] = lambda _: None
        try:
            do = self._follow if goal.request.follow else self._segment
            await do(goal, result)
            result.success = True
            goal.succeed()
        except Exception as error:  # whatever goes wrong, the caller gets an answer
            reason = str(error) or type(error).__name__
            result.message = shortened(reason)
            if isinstance(error, Cancelled) and goal.is_cancel_requested:
                goal.canceled()
            else:
                self._errors.warn("~/segment_object has no result", reason)
                goal.abort()
        finally:
            del self._running[_key(goal)]
            goal.request.image = Image()  # rclpy keeps goals after their end
        return result

    async def _segment(self, goal: Any, result: SegmentObject.Result) -> None:
        """Waits for the one answer."""

        def tell(place: int) -> None:
            stage = "waiting" if place else "working"
            self._tell(goal, SegmentObject.Feedback(stage=stage, queue_position=place))

        asked = goal.request
        timeout_s = _seconds(asked.timeout)
        session = self._session()
        request = session.ask(asked.camera, asked.instruction, asked.image, tell)
        answer = await self._ended(
            goal, request.future, timeout_s, lambda error: session.give_up(request, error)
        )
        result.result = session.message(request, answer)

    async def _follow(self, goal: Any, result: SegmentObject.Result) -> None:
        """Gives every result until it is ended."""

        def tell(message: SegmentationResult) -> None:
            self._tell(goal, SegmentObject.Feedback(stage="following", result=message))

        asked = goal.request
        timeout_s = _seconds(asked.timeout)
        self._session()  # or why there is none
        if asked.image.height or asked.image.width:
            raise ValueError(
                f"a goal that follows has an image of {asked.image.width} x {asked.image.height} "
                "pixels: leave it empty, what comes from the camera is followed"
            )
        channel = self._channels().find(asked.camera)
        followed = Followed(asked_instruction(asked.instruction), tell)
        self._tell(goal, SegmentObject.Feedback(stage="waiting"))
        channel.follow(followed)
        try:
            await self._ended(
                goal, followed.end, timeout_s, lambda error: channel.unfollow(followed, error)
            )
        except TimeoutError:
            if followed.last is None:
                raise
        finally:
            result.result = followed.last or SegmentationResult()

    async def _ended(
        self,
        goal: Any,
        future: Future[T],
        timeout_s: float,
        end: Callable[[Exception], None],
    ) -> T:
        """The result of a future, which `end` gives an error when time is over or its client asks.

        Args:
            goal: the goal.
            future: what the goal waits for.
            timeout_s: seconds that it may take; 0 is no limit.
            end: ends what is waited for, with an error; for the executor's thread.
        """
        self._running[_key(goal)] = end
        timer = None
        if timeout_s:
            late = TimeoutError(f"there was no result within the timeout of {timeout_s:g} s")
            clock = Clock(clock_type=ClockType.STEADY_TIME)
            timer = self._node.create_timer(timeout_s, lambda: end(late), clock=clock)
        if goal.is_cancel_requested:  # before it was begun
            end(Cancelled())
        try:
            return await awaited(self._node, future)
        finally:
            if timer is not None:
                self._node.destroy_timer(timer)

    def _on_cancel(self, goal: Any) -> CancelResponse:
        if (end := self._running.get(_key(goal))) is not None:
            end(Cancelled())  # what waits goes on after rclpy has noted that it is cancelled
        return CancelResponse.ACCEPT

    def _tell(self, goal: Any, feedback: SegmentObject.Feedback) -> None:
        self._errors.guard("~/segment_object", goal.publish_feedback)(feedback)


def _key(goal: Any) -> bytes:
    return bytes(goal.goal_id.uuid)


def _seconds(timeout: Any) -> float:
    """A timeout in seconds.

    Raises:
        ValueError: it is negative.
    """
    seconds = timeout.sec + timeout.nanosec / 1e9
    if seconds < 0:
        raise ValueError(f"timeout is {seconds:g} s, it must be 0, which is no limit, or more")
    return float(seconds)
