# SPDX-License-Identifier: Apache-2.0
"""How fast a device multiplies matrices: from a table of data sheets, else measured."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import torch

__all__ = ["ComputeRate", "compute_rate"]

REACHABLE = 0.5
"""Share of a data sheet's peak that good kernels reach on large products."""

# A GPU's model as `_model` writes it, then dense peaks in TFLOP/s: float32 without TF32, bfloat16,
# float16; from NVIDIA's data sheets, without sparsity.
_PEAKS = {
    "H200": (67, 989, 989),
    "H200 NVL": (60, 835, 835),
    "GH200": (67, 989, 989),
    "H100": (67, 989, 989),
    "H100 PCIE": (51, 756, 756),
    "H100 NVL": (60, 835, 835),
    "A100 SXM4": (19.5, 312, 312),
    "A100 PCIE": (19.5, 312, 312),
    "A40": (37.4, 150, 150),
    "A10": (31.2, 125, 125),
    "A10G": (31.2, 70, 70),
    "RTX A6000": (38.7, 155, 155),
    "L40S": (91.6, 362, 362),
    "L40": (90.5, 181, 181),
    "L4": (30.3, 121, 121),
    "RTX 4090": (82.6, 165, 165),
    "RTX 3090": (35.6, 71, 71),
    "V100 SXM2": (15.7, 15.7, 125),
    "V100 PCIE": (14, 14, 112),
    "T4": (8.1, 8.1, 65),
}
# Words that say nothing of the chip: its maker and line, the size and kind of its memory.
_SILENT = re.compile(r"NVIDIA|TESLA|GEFORCE|\d+GB?|HBM\d\w?")


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
    """Half of the peak where the device is known, else what a large product reaches now.

    A GPU is known by its whole name: a "Laptop", "D" or "MIG" part is another one.
    """
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    column = {torch.float32: 0, torch.bfloat16: 1, torch.float16: 2}[dtype]
    if (peaks := _PEAKS.get(_model(name))) is not None:
        peak = peaks[column]
        source = f"{REACHABLE:.0%} of the {name}'s peak of {peak:g} TFLOP/s"
        return ComputeRate(REACHABLE * peak * 1e12, source)
    rate = _measured(device, dtype)
    return ComputeRate(rate, f"matrix product measured at {rate / 1e12:.3g} TFLOP/s ({name})")


def _model(name: str) -> str:
    """What is left of a device's name: "NVIDIA A100-SXM4-80GB" is "A100 SXM4"."""
    words = re.split(r"[ -]+", name.upper())
    return " ".join(word for word in words if not _SILENT.fullmatch(word))


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
