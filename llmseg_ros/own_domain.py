# SPDX-License-Identifier: Apache-2.0
"""A ROS domain of one's own: programs beside each other do not hear each other's cameras."""

from __future__ import annotations

import fcntl
import os
import tempfile
from functools import cache
from pathlib import Path

__all__ = ["DOMAINS", "own_domain", "own_network"]

DOMAINS = range(1, 101)
"""Those up to 101 are safe on every system; 0 is everyone's."""


@cache
def own_domain() -> str:
    """A domain that no other program has got from here until this one ends, always the same one.

    The number of the process alone does not tell two programs apart that run for an hour: one in a
    hundred shares it.

    Raises:
        OSError: if all are taken.
    """
    for step in DOMAINS:
        domain = DOMAINS[(os.getpid() + step) % len(DOMAINS)]
        place = Path(tempfile.gettempdir()) / f"llmseg_ros_domain_{domain}.lock"
        try:
            file = os.open(place, os.O_RDWR | os.O_CREAT)
        except OSError:  # of another user
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            continue
        return str(domain)  # the lock lasts as long as the file is open: to the program's end
    raise OSError(f"all ROS domains from {DOMAINS[0]} to {DOMAINS[-1]} are taken here")


def own_network() -> dict[str, str]:
    """Environment variables of programs that only this one and those it starts shall hear.

    Raises:
        OSError: if all domains are taken.
    """
    return {"ROS_DOMAIN_ID": own_domain(), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
