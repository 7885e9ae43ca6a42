# SPDX-License-Identifier: Apache-2.0
"""The services `~/clear` and `~/enable`: what is asked is forgotten, and answering is paused."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from llmseg_ros.error_log import ErrorLog, shortened

from .channels import Channels

__all__ = ["Switches"]


class Switches:
    """Two services that are there from the start, and answer whatever state the node is in.

    Attributes:
        is_enabled: what `~/enable` was called with last, also over lifecycle transitions; at
            first true.
    """

    def __init__(self, node: Node, channels: Callable[[], Channels], errors: ErrorLog) -> None:
        """Offers the services.

        Args:
            node: the node that offers them.
            channels: gives the cameras, or raises RuntimeError with the reason why there is none.
            errors: gets what goes wrong.
        """
        self.is_enabled = True
        self._channels = channels
        self._errors = errors
        node.create_service(Trigger, "~/clear", self._on_clear)
        node.create_service(SetBool, "~/enable", self._on_enable)

    def _on_clear(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            former = ", ".join(repr(shortened(one)) for one in self._channels().clear())
            response.success = True
            response.message = f"forgot {former}" if former else "nothing was asked"
        except Exception as error:  # whatever goes wrong, the caller gets an answer
            response.message = self._refusal("~/clear", error)
        return response

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self.is_enabled = request.data
        try:
            self._channels().enable(request.data)
        except RuntimeError:
            pass  # there is nothing to pause yet, and it begins as it was told here
        except Exception as error:
            response.message = self._refusal("~/enable", error)
            return response
        response.success = True
        response.message = "answering" if request.data else "paused until the next call"
        return response

    def _refusal(self, service: str, error: Exception) -> str:
        reason = str(error) or type(error).__name__
        self._errors.warn(service, reason)
        return shortened(reason)
