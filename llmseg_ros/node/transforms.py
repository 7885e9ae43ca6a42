# SPDX-License-Identifier: Apache-2.0
"""Transforms between frames, by tf2 where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header

from llmseg_ros.messages.placing import Transform

try:
    import tf2_ros
except ImportError:
    tf2_ros = None

__all__ = ["Transforms"]

WAIT_S = 0.2
"""for a transform of the image's stamp, which comes a little later; none once one was missing"""


class Transforms:
    """Listens to /tf and /tf_static from the first question on."""

    def __init__(self, node: Node) -> None:
        """Makes one that does not listen yet."""
        self._node = node
        self._buffer: Any = None
        self._listener: Any = None
        self._was_missing = False

    def listen(self) -> None:
        """Begins to listen; does nothing where tf2_ros is not installed, or a second time."""
        if tf2_ros is not None and self._buffer is None:
            self._buffer = tf2_ros.Buffer()
            self._listener = tf2_ros.TransformListener(self._buffer, self._node, spin_thread=False)

    def transform(self, header: Header, target: str) -> Transform:
        """From a header's frame at its stamp to the frame `target`; waits at most `WAIT_S`.

        Raises:
            RuntimeError: there is none, with the reason.
        """
        if self._buffer is None:
            raise RuntimeError(
                f"places stay in {header.frame_id!r} and are not told in {target!r}: tf2_ros is "
                "not installed"
            )
        wait = Duration(seconds=0.0 if self._was_missing else WAIT_S)
        try:
            stamped = self._buffer.lookup_transform(
                target, header.frame_id, Time.from_msg(header.stamp), wait
            )
        except Exception as error:  # of tf2: unknown frames, stamps out of its reach, ...
            self._was_missing = True
            raise RuntimeError(
                f"places stay in {header.frame_id!r}, for there is no transform to {target!r} at "
                f"the image's stamp: {error}"
            ) from error
        self._was_missing = False
        turn, shift = stamped.transform.rotation, stamped.transform.translation
        return rotation_matrix(turn.x, turn.y, turn.z, turn.w), np.array(
            [shift.x, shift.y, shift.z]
        )

    def stop(self) -> None:
        """Ends listening."""
        if self._listener is not None:
            self._listener.unregister()
        self._listener = self._buffer = None


def rotation_matrix(x: float, y: float, z: float, w: float) -> NDArray[np.float64]:
    """(3, 3) of a quaternion, which need not have unit length."""
    x, y, z, w = np.array([x, y, z, w]) / np.linalg.norm([x, y, z, w])
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
