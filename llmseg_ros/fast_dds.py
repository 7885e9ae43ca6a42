# SPDX-License-Identifier: Apache-2.0
"""Settings of Fast DDS for images: shared memory that holds more than one.

By default a segment holds 512 kB. A larger message then waits for retransmission (a 640 x 480 rgb8
image takes 15 ms instead of 3.5), or is lost where the subscription is best effort. Only a process
that publishes images needs these settings.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["large_message_environment"]

PROFILE = Path(__file__).with_name("fast_dds.xml")
VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"
VARIABLE_BEFORE_KILTED = "FASTRTPS_DEFAULT_PROFILES_FILE"
SETTINGS = (VARIABLE, VARIABLE_BEFORE_KILTED, "FASTDDS_BUILTIN_TRANSPORTS")
"""variables by which users set transports themselves"""


def large_message_environment() -> dict[str, str]:
    """Environment variables for processes with images; none where the user has settings already."""
    if any(os.environ.get(name) for name in SETTINGS):
        return {}
    is_older = os.environ.get("ROS_DISTRO") in ("humble", "iron", "jazzy")
    return {VARIABLE_BEFORE_KILTED if is_older else VARIABLE: str(PROFILE)}
