# SPDX-License-Identifier: Apache-2.0
"""A program that says as JSON what rclpy, the middleware and a camera's topic are like.

`python -m llmseg_ros.doctor.probe SECONDS [TOPIC]`; the last line that it prints is the JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.utilities import get_rmw_implementation_identifier

from llmseg_ros.messages.cv_bridge_colors import find_convert
from llmseg_ros.ros_context import ros_context

from .topic import look_at

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Look, and print; returns the exit status."""
    seconds, topic = float(arguments[0]), "".join(arguments[1:2])
    with ros_context([]):
        node = Node(f"llmseg_doctor_{os.getpid()}", enable_rosout=False)
        seen: dict[str, Any] = {
            "rclpy": str(sys.modules["rclpy"].__file__),
            "distribution": os.environ.get("ROS_DISTRO", ""),
            "middleware": get_rmw_implementation_identifier(),
            "messages": find_spec("llmseg_ros.msg") is not None,
            "numpy": np.__version__,
            "cv_bridge": find_spec("cv_bridge") is not None,
            "cv_bridge_fits": find_convert() is not None,
        }
        if topic:
            seen["topic"] = look_at(node, topic, seconds)
        node.destroy_node()
    print(json.dumps(seen))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
