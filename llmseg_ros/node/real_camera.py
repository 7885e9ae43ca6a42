# SPDX-License-Identifier: Apache-2.0
"""What is said to somebody whose camera shows what the model does not know."""

from __future__ import annotations

from functools import cache

from llmseg_core.model_dir.fitting_profile import real_camera_hint
from llmseg_core.runtime.gpu_memory import gpu_memories

__all__ = ["COMMAND", "hint_here"]

COMMAND = "ros2 run llmseg_ros llmseg"
"""the command line where a distribution is sourced; in a virtual environment it is `llmseg`"""


@cache
def hint_here() -> str:
    """What a distribution's user types for a model that takes photographs, on this machine."""
    return real_camera_hint(gpu_memories(), COMMAND)
