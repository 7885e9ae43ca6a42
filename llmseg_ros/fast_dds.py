# SPDX-License-Identifier: Apache-2.0
"""Settings of Fast DDS for images: shared memory that holds more than one.

By default a segment holds 512 kB. A larger message then waits for retransmission (a 640 x 480 rgb8
image takes 15 ms instead of 3.5), or is lost where the subscription is best effort. The queue
counts too: a message travels in fragments of 64 kB, and the default holds 512 of them. Only a
process that publishes images needs these settings. Each such process takes its segment from
/dev/shm at once; where that is small, as the 64 MB of a Docker container are, a smaller one is
taken, because without any the images would go through the network.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["large_message_environment", "largest_frame_mb"]

VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"
VARIABLE_BEFORE_KILTED = "FASTRTPS_DEFAULT_PROFILES_FILE"
SETTINGS = (VARIABLE, VARIABLE_BEFORE_KILTED, "FASTDDS_BUILTIN_TRANSPORTS")
"""variables by which users set transports themselves"""

SHARED_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Profile:
    """A file of settings."""

    path: Path
    needed_bytes: int
    """what must be free in /dev/shm: the segments of four processes"""
    largest_frame_mb: int
    """of the frames that were all seen to arrive"""


LARGE = Profile(Path(__file__).with_name("fast_dds.xml"), 4 * 2**26, 60)
SMALL = Profile(Path(__file__).with_name("fast_dds_small.xml"), 4 * 2**24, 6)


def large_message_environment() -> dict[str, str]:
    """Environment variables for processes with images; none where the user has settings already."""
    if any(os.environ.get(name) for name in SETTINGS):
        return {}
    is_older = os.environ.get("ROS_DISTRO") in ("humble", "iron", "jazzy")
    return {VARIABLE_BEFORE_KILTED if is_older else VARIABLE: str(_profile().path)}


def largest_frame_mb() -> int:
    """The largest frame, in MB, that arrives reliably with these settings on this machine."""
    return _profile().largest_frame_mb


def _profile() -> Profile:
    try:
        space = os.statvfs(SHARED_MEMORY)
    except OSError:  # no such folder
        return SMALL
    return LARGE if space.f_bavail * space.f_frsize >= LARGE.needed_bytes else SMALL
