# SPDX-License-Identifier: Apache-2.0
"""How fast a device multiplies matrices: from a table of data sheets, else measured."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache

import torch

__all__ = ["ComputeRate", "compute_rate", "faster_dtype"]

REACHABLE = 0.5
"""Share of a data sheet's peak that good kernels reach on large products."""

ALIKE = 0.75
"""Share of another rate from which a rate counts as no lower; measurements differ by less."""

# Part of the name that PyTorch tells, then dense peaks in TFLOP/s: float32 without TF32, bfloat16,
# float16; from NVIDIA's data sheets, without sparsity. The first match counts.
_PEAKS = (
    ("H200", 67, 989, 989),
    ("H100 PCIe", 51, 756, 756),
    ("H100 NVL", 60, 835, 835),
    ("H100", 67, 989, 989),
    ("A100", 19.5, 312, 312),
    ("A10G", 31.2, 70, 70),
    ("A10", 31.2, 125, 125),
    ("A40", 37.4, 150, 150),
    ("RTX A6000", 38.7, 155, 155),
    ("L40S", 91.6, 362, 362),
    ("L4", 30.3, 121, 121),
    ("RTX 4090", 82.6, 165, 165),
    ("RTX 3090", 35.6, 71, 71),
    ("V100", 15.7, 15.7, 125),
    ("T4", 8.1, 8.1, 65),
)


@dataclass(frozen=True)
class ComputeRate:
    """What a lower bound of time is made from.

    Attributes:
        flops: FLOP a second.
        source: where the number is from, for people.
    """

    flops: float
    source: str

    def milliseconds(self, flops: float) -> float:
        """The least time for so many FLOP."""
        return 1e3 * flops / self.flops


def compute_rate(device: torch.device, dtype: torch.dtype) -> ComputeRate:
    """Half of the peak where the device is known, else what a large product reaches now."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    column = {torch.float32: 0, torch.bfloat16: 1, torch.float16: 2}[dtype]
    for part, *peaks in _PEAKS:
        if part in name:
            peak = peaks[column]
            source = f"{REACHABLE:.0%} of the {name}'s peak of {peak:g} TFLOP/s"
            return ComputeRate(REACHABLE * peak * 1e12, source)
    rate = _measured(device, dtype)
    return ComputeRate(rate, f"matrix product measured at {rate / 1e12:.3g} TFLOP/s ({name})")


def faster_dtype(device: torch.device, dtype: torch.dtype) -> torch.dtype:
    """`dtype`, or float32 where that is multiplied clearly faster.

    A CPU without units for a half format multiplies it more slowly than float32, some ten times
    and more. A GPU is taken to have them.
    """
    if device.type != "cpu" or dtype == torch.float32:
        return dtype
    return dtype if _cpu_rate(dtype) >= ALIKE * _cpu_rate(torch.float32) else torch.float32


@cache
def _cpu_rate(dtype: torch.dtype) -> float:
    """FLOP a second; measured once, so that a process never chooses twice."""
    return _measured(torch.device("cpu"), dtype, side=512)


def _measured(
    device: torch.device, dtype: torch.dtype, side: int = 1024, repeats: int = 7
) -> float:
    """FLOP a second of the best of some square products."""
    side = 4 * side if device.type == "cuda" else side
    matrix = torch.randn(side, side, device=device).to(dtype)
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        matrix @ matrix
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - start)
    return 2 * side**3 / best
