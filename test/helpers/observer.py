# SPDX-License-Identifier: Apache-2.0
"""A node to look from at what other nodes do."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node


class Observer:
    """A node to subscribe and call services from, spun while it waits."""

    def __init__(self) -> None:
        self.node = Node("observer")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)

    def add_node(self, node: Node) -> None:
        """Spins another node of this process along; it is destroyed with the observer."""
        self._executor.add_node(node)

    def spin_for(self, seconds: float) -> None:
        """Spins for a time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._spin_once()

    def wait_until(self, condition: Callable[[], bool], timeout: float = 60.0) -> None:
        """Spins until the condition holds.

        Raises:
            TimeoutError: it did not within `timeout` seconds.
        """
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"not fulfilled within {timeout} s")
            self._spin_once()

    def _spin_once(self) -> None:
        # Always the same time: rclpy begins anew with another one, and while a coroutine waits it
        # would then ask that again and again and come to nothing else.
        self._executor.spin_once(timeout_sec=0.05)

    def close(self) -> None:
        """Destroys all nodes."""
        for node in self._executor.get_nodes():
            node.destroy_node()
            del node
        self._executor.shutdown()
        # A node lives on while anything refers to it, and when it ends it takes along the log of
        # another one that has its name by then.
        gc.collect()
