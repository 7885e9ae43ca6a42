# SPDX-License-Identifier: Apache-2.0
"""The service `~/segment`: one image and one instruction in, the result or a reason out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSProfile

from llmseg_ros.error_log import ErrorLog, shortened
from llmseg_ros.messages.frame import SegmentedFrame, frame_from_message
from llmseg_ros.messages.place_messages import place_messages
from llmseg_ros.messages.result_message import answer_message
from llmseg_ros.ros_context import awaited
from llmseg_ros.srv import Segment

from .instruction import checked_instruction
from .session import Session

__all__ = ["SegmentService"]

QUEUE_DEPTH = 1000
"""calls that may come at once; beyond the middleware's 10, calls were lost and their callers
waited for ever"""


class SegmentService:
    """Answers with the worker's result, while the executor goes on with other callbacks."""

    def __init__(self, node: Node, session: Callable[[], Session], errors: ErrorLog) -> None:
        """Offers the service.

        Args:
            node: the node that offers it.
            session: gives the running session, or raises RuntimeError with the reason why there is
                none.
            errors: limits what is logged of calls without a result.
        """
        self._node = node
        self._session = session
        self._errors = errors
        # A request that waits must keep neither other callbacks of a group out nor another request.
        group = ReentrantCallbackGroup()
        qos = QoSProfile(depth=QUEUE_DEPTH)
        node.create_service(
            Segment, "~/segment", self._on_request, qos_profile=qos, callback_group=group
        )

    async def _on_request(
        self, request: Segment.Request, response: Segment.Response
    ) -> Segment.Response:
        try:
            session = self._session()
            answer = await awaited(self._node, self._ask(session, request))
            dropped = session.stream.mailbox.statistics.dropped
            response.result = answer_message(answer, self._node.get_clock().now(), dropped)
            if session.placing is not None:
                response.result.places = place_messages(session.placing.find(answer))
            response.success = True
        except Exception as error:  # whatever goes wrong, the caller gets an answer
            reason = str(error) or type(error).__name__
            response.message = shortened(reason)
            self._errors.warn("~/segment has no result", reason)  # whole, to tell its kind
        return response

    @staticmethod
    def _ask(session: Session, request: Segment.Request) -> Future[SegmentedFrame]:
        instruction = checked_instruction(request.instruction)
        if not instruction:
            raise ValueError(
                f"the instruction is {request.instruction!r}, it must say what to segment"
            )
        if request.image.height == 0 and request.image.width == 0:
            return session.stream.mailbox.request(instruction)
        return session.stream.mailbox.request(instruction, frame_from_message(request.image))
