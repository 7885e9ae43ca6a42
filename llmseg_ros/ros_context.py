# SPDX-License-Identifier: Apache-2.0
"""rclpy from its start to its end; `with rclpy.init()` is newer than Humble."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rclpy

__all__ = ["ros_context"]


@contextmanager
def ros_context(args: list[str] | None = None, **options: Any) -> Iterator[None]:
    """Initialises rclpy with `args`, and shuts it down if nobody else has.

    Args:
        args: command line; None is the process's own.
        options: of `rclpy.init`.
    """
    rclpy.init(args=args, **options)
    try:
        yield
    finally:
        rclpy.try_shutdown()
