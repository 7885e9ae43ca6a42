# SPDX-License-Identifier: Apache-2.0
"""Memory that a CPU has freed is used again: neither given back to the system nor taken anew.

Everything mode takes and frees some megabytes at every step. glibc gives much of it back, and every
page that is taken anew costs a page fault, which lasts about as long as computing what it holds.
"""

from __future__ import annotations

import ctypes

__all__ = ["keep_freed_memory", "share_one_heap"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of mallopt(3)
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
    return _set(_MMAP_THRESHOLD, _LARGEST) and _set(_TRIM_THRESHOLD, _KEPT)


def share_one_heap() -> bool:
    """Let all threads of this process take memory from one heap; to be called before they start.

    glibc gives each thread a heap of its own, in pieces of 64 MB. Inference takes blocks of up to
    16 MB, and every few minutes one of them fits into no gap of its thread's pieces. It is then
    taken from another heap, where small objects soon lie in its place, so that the next one makes
    that heap larger again: a node grew by 16 MB in each of these steps. In one heap that is not in
    pieces, what is freed fits what is taken next.

    Returns:
        Whether the C library took it; only glibc has the setting.
    """
    return _set(_ARENA_MAX, 1)


def _set(parameter: int, value: int) -> bool:
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(parameter, value))
