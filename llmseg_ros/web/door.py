# SPDX-License-Identifier: Apache-2.0
"""What the live page needs of the node."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, Protocol

from llmseg_core.types import Segmentation
from llmseg_ros.messages.frame import Frame

from .camera_view import CameraView

__all__ = ["Door"]


class Door(Protocol):
    """The node as the page sees it. What changes or asks the node is done in the node's thread."""

    def cameras(self) -> dict[str, CameraView]:
        """The cameras by name; none while the node is not configured."""

    def newest(self, camera: str) -> tuple[str, Frame | None]:
        """The instruction in force for a camera, and its newest image if one has come."""

    def full_answer(self, camera: str) -> Segmentation | None:
        """The last full answer about a camera's image, with all its candidates, if there is one."""

    def state(self) -> Future[dict[str, Any]]:
        """Plain values: what the node, its cameras and its parameters are like."""

    def instruct(self, camera: str, text: str) -> Future[None]:
        """Put an instruction in force; ValueError says why it cannot be."""

    def set_parameter(self, name: str, value: Any) -> Future[None]:
        """Set a parameter that the page shows; ValueError says why it is refused."""
