# SPDX-License-Identifier: Apache-2.0
"""The device and the number format of the networks."""

from __future__ import annotations

from pathlib import Path

import torch

from llmseg_core.config import RuntimeConfig

__all__ = ["faster_dtype", "torch_device", "torch_dtype", "usual_device"]

CPU_INFO = Path("/proc/cpuinfo")
"""What Linux tells of the processor."""
_UNITS = {
    torch.bfloat16: ({"amx_bf16"}, {"avx512_bf16", "AuthenticAMD"}),
    torch.float16: ({"avx512_fp16"}, {"amx_fp16"}),
}
"""What a processor says of itself whose units multiply a half format faster than float32."""


def torch_device(runtime: RuntimeConfig) -> torch.device:
    """The device that a configuration names.

    Raises:
        ValueError: if torch knows no such device or this machine has none.
    """
    try:
        device = torch.device(runtime.device)
    except RuntimeError:
        raise ValueError(
            f'device is {runtime.device!r}, it must be "cpu", "cuda" or such as "cuda:1"'
        ) from None
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise ValueError(
                f"device is {runtime.device!r}, but PyTorch {torch.__version__} sees {count} CUDA "
                f'devices on this machine; use "cpu" or install a CUDA build of PyTorch'
            )
    return device


def usual_device() -> str:
    """Where a program computes if nobody says: on a GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def torch_dtype(runtime: RuntimeConfig) -> torch.dtype:
    """The number format that a configuration names."""
    dtype: torch.dtype = getattr(torch, runtime.dtype)
    return dtype


def faster_dtype(device: torch.device, dtype: torch.dtype) -> torch.dtype:
    """`dtype`, or float32 where the device is not known to multiply `dtype` faster.

    Without units for it PyTorch multiplies a half format more slowly than float32, float16 up to
    70 times. Products of 512 x 512 and 1024 x 1024 on an AMD EPYC: bfloat16, for which it has
    units, at 2 to 3 times the speed of float32, float16 at 1/7 to 1/70. Intel's AVX512-BF16 without
    AMX: bfloat16 at half the speed.

    What a processor says of itself is asked and no clock, so a machine gives the same answers
    however busy it is. A GPU is taken to have units for both formats, and a processor that says
    nothing of the kind, such as an Arm, to have none.
    """
    if device.type != "cpu" or dtype == torch.float32:
        return dtype
    said = _said_by_cpu()
    return dtype if any(units <= said for units in _UNITS[dtype]) else torch.float32


def _said_by_cpu() -> set[str]:
    """Maker and flags that all cores say in Linux's list; nothing without such a list."""
    try:
        text = CPU_INFO.read_text(encoding="ascii", errors="replace")
    except OSError:
        return set()
    cores = []
    for core in text.split("\n\n"):
        lines = (line.partition(":") for line in core.splitlines())
        said = [value.split() for name, _, value in lines if name.strip() in ("vendor_id", "flags")]
        if said:
            cores.append({word for words in said for word in words})
    return set.intersection(*cores) if cores else set()
