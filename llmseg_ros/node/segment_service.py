# SPDX-License-Identifier: Apache-2.0
"""The service `~/segment`: one image and one instruction in, the result or a reason out."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSProfile

from llmseg_ros.error_log import ErrorLog, shortened
from llmseg_ros.ros_context import awaited
from llmseg_ros.srv import Segment

from .session import Session

__all__ = ["SegmentService"]

QUEUE_DEPTH = 1000
"""calls that may come at once; beyond the middleware's 10, calls were lost and their callers
waited for ever"""


class SegmentService:
    """Answers with the worker's result, while the executor goes on with other callbacks.

    Attributes:
        waiting: calls that have no answer yet.
    """

    def __init__(self, node: Node, session: Callable[[], Session], errors: ErrorLog) -> None:
        """Offers the service.

        Args:
            node: the node that offers it.
            session: gives the running session, or raises RuntimeError with the reason why there is
                none.
            errors: limits what is logged of calls without a result.
        """
        self.waiting = 0
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
        self.waiting += 1
        try:
            session = self._session()
            asked = session.ask(request.camera, request.instruction, request.image)
            response.result = session.message(asked, await awaited(self._node, asked.future))
            response.success = True
        except Exception as error:  # whatever goes wrong, the caller gets an answer
            reason = str(error) or type(error).__name__
            response.message = shortened(reason)
            self._errors.warn("~/segment has no result", reason)  # whole, to tell its kind
        finally:
            self.waiting -= 1
        return response
