# SPDX-License-Identifier: Apache-2.0
"""Memory that a CPU has freed is used again instead of being given back to the system.

Everything mode takes and frees some megabytes at every step. glibc gives much of it back, and every
page that is taken anew costs a page fault, which lasts about as long as computing what it holds.
"""

from __future__ import annotations

import ctypes

__all__ = ["keep_freed_memory"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_KEPT = 128 * 2**20
_LARGEST = 32 * 2**20  # more is refused by some versions


def keep_freed_memory() -> bool:
    """Let this process keep up to 128 MB of what it frees, in blocks of up to 32 MB.

    The process may stay that much larger than it needs to be. It holds for the whole process and
    cannot be taken back; a process that has set `MALLOC_TRIM_THRESHOLD_` or runs with another
    allocator may want it otherwise, and loses nothing by it.

    Returns:
        Whether the C library took it; only glibc has the setting.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST) and mallopt(_TRIM_THRESHOLD, _KEPT))
