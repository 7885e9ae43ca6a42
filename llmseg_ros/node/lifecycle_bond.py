# SPDX-License-Identifier: Apache-2.0
"""A bond with nav2's lifecycle manager, where `bondpy` is installed.

By it the manager notices that the process of an active node has died, or hangs, and takes its other
nodes down; without it the manager needs `bond_timeout: 0.0`.
"""

from __future__ import annotations

from typing import Any

from rclpy.node import Node

try:
    from bond.msg import Constants
    from bondpy.bondpy import Bond
except ImportError:  # not installed, or the one of ROS 1
    Bond = Constants = None

__all__ = ["LifecycleBond"]

TOPIC = "bond"
HEARTBEAT_PERIOD_S = 0.25
HEARTBEAT_TIMEOUT_S = 4.0
"""what nav2's own nodes say"""


class LifecycleBond:
    """Offers a bond while the node is active. Does nothing without `bondpy`.

    A manager that is not there within 10 s, or that has died, ends the bond and nothing else.
    """

    def __init__(self, node: Node) -> None:
        """Offers nothing yet."""
        self._node = node
        self._bond: Any = None

    def offer(self) -> None:
        """Begins: the manager finds it by the node's name."""
        self.end()
        if Bond is None:
            return
        bond: Any = Bond(self._node, TOPIC, self._node.get_name())
        bond.set_broken_callback(lambda: self._broken(bond))
        bond.heartbeat_period = HEARTBEAT_PERIOD_S
        bond.heartbeat_timeout = HEARTBEAT_TIMEOUT_S
        bond.start()
        self._bond = bond

    def end(self) -> None:
        """Tells the manager that the node is active no longer, as it may have told to."""
        bond, self._bond = self._bond, None
        if bond is None:
            return
        bond.shutdown()
        # It leaves these to the node. The parameter it would declare a second time, and fail.
        self._node.destroy_subscription(bond.sub)
        self._node.destroy_publisher(bond.pub)
        if self._node.has_parameter(Constants.DISABLE_HEARTBEAT_TIMEOUT_PARAM):
            self._node.undeclare_parameter(Constants.DISABLE_HEARTBEAT_TIMEOUT_PARAM)

    def _broken(self, bond: Any) -> None:
        """In any thread; also when this side ends it."""
        executor = self._node.executor
        if executor is not None and bond is self._bond:
            executor.create_task(self._end_broken, bond)

    def _end_broken(self, bond: Any) -> None:
        if bond is self._bond:
            self.end()
