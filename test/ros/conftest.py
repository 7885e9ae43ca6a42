# SPDX-License-Identifier: Apache-2.0
"""What the tests of the ROS layer share: a ROS domain of their own, and a node in it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from llmseg_ros.own_domain import own_network

# Set before rclpy is initialised, also for the processes that tests start.
os.environ.update(own_network())

import rclpy

from helpers.observer import Observer


@pytest.fixture
def ros() -> Iterator[None]:
    """An initialised rclpy for one test."""
    rclpy.init()
    try:
        yield
    finally:
        rclpy.try_shutdown()


@pytest.fixture
def observer(ros: None) -> Iterator[Observer]:
    """A node that looks at what another one does."""
    observer = Observer()
    try:
        yield observer
    finally:
        observer.close()
