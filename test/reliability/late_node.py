# SPDX-License-Identifier: Apache-2.0
"""A node that is late once, as on a busy machine, before its memory is compared."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from helpers.node_process import NodeProcess

__all__ = ["let_be_late", "resident_mb"]

MOST_TIMES = 20
SMALL_MB = 0.5
"""what the node may take once more and is said to have taken all"""

QUIET_TIMES = 3
"""so often nothing more is taken"""

CATCH_UP_S = 3.0


def resident_mb(pid: int) -> float:
    """A process's memory, MB (2^20 bytes)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return int(status["VmRSS"].split()[0]) / 1024


def let_be_late(node: NodeProcess, publish: Callable[[], None], frames: int) -> list[float]:
    """Halts the node while images come, again and again, until that takes no more memory.

    Images that wait are the middleware's, in memory that it keeps for the next ones: each as large
    as the largest so far, as many as have ever waited at once. On a quiet machine that is a few,
    and all that its queue holds when the node is late for the first time, however late that is.

    Args:
        node: is active and may have asked of it what it does all the time.
        publish: sends the next image.
        frames: that the node's queue holds.

    Returns:
        Its memory before and after each time, MB.
    """
    pid = node.program.pid
    memory = [resident_mb(pid)]
    for _ in range(MOST_TIMES):
        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(frames):
                publish()
        finally:
            os.kill(pid, signal.SIGCONT)
        node.observer.spin_for(CATCH_UP_S)
        memory.append(resident_mb(pid))
        before = memory[:-QUIET_TIMES]
        if before and memory[-1] <= max(before) + SMALL_MB:
            break
    return memory
