"""Where the networks run, and how long their stages take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from .config import RuntimeConfig

__all__ = ["StageTimer", "torch_device", "torch_dtype"]


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


def torch_dtype(runtime: RuntimeConfig) -> torch.dtype:
    """The number format that a configuration names."""
    dtype: torch.dtype = getattr(torch, runtime.dtype)
    return dtype


class StageTimer:
    """Measures the wall time of named stages, the device's work included.

    Args:
        device: waited for at the end of each stage.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.timings_ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block as stage `name`."""
        start = time.perf_counter()
        yield
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        self.timings_ms[name] = (time.perf_counter() - start) * 1e3
