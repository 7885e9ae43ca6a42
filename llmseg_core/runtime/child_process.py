# SPDX-License-Identifier: Apache-2.0
"""Child processes that do not outlive their parent."""

from __future__ import annotations

import ctypes
import os
import signal

__all__ = ["die_with_parent"]

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int | None = None) -> None:
    """Ask Linux to end this process by SIGTERM when its parent ends, however that happens.

    Args:
        parent: process id of the parent, where it is known: a parent that ended before this was
            called is noticed by it, and this process ends at once.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
