# SPDX-License-Identifier: Apache-2.0
"""The memory of this machine's GPUs."""

from __future__ import annotations

from dataclasses import dataclass

import torch

__all__ = ["GpuMemory", "gpu_memories"]

GB = 2**30


@dataclass(frozen=True)
class GpuMemory:
    """One GPU.

    Attributes:
        name: as its maker calls it.
        free: bytes that no program has.
        total: bytes.
    """

    name: str
    free: int
    total: int

    def __str__(self) -> str:
        return f"{self.name}, {self.free / GB:.1f} of {self.total / GB:.1f} GB free"


def gpu_memories() -> list[GpuMemory]:
    """Those that PyTorch can use, in its order; none where it is built for CPUs."""
    if not torch.cuda.is_available():
        return []
    return [
        GpuMemory(torch.cuda.get_device_name(index), *torch.cuda.mem_get_info(index))
        for index in range(torch.cuda.device_count())
    ]
