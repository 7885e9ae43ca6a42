"""Where the networks run, and how long their stages take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

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
    """Measures named stages, the device's work included, without making the device wait.

    On a GPU a stage lasts from where its stream has reached it to where its stream has left it, so
    stages on two streams may overlap.

    Args:
        device: of the work.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._spans: dict[str, tuple[_Mark, _Mark]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block as stage `name`."""
        start = self._mark()
        yield
        self._spans[name] = (start, self._mark())

    @property
    def timings_ms(self) -> dict[str, float]:
        """Milliseconds by stage, in the order in which they ended; waits for their end."""
        return {name: _milliseconds(*span) for name, span in self._spans.items()}

    def _mark(self) -> _Mark:
        if self._device.type != "cuda":
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record(torch.cuda.current_stream(self._device))
        return event


_Mark: TypeAlias = "float | torch.cuda.Event"


def _milliseconds(start: _Mark, end: _Mark) -> float:
    if isinstance(start, torch.cuda.Event) and isinstance(end, torch.cuda.Event):
        end.synchronize()
        return float(start.elapsed_time(end))
    assert isinstance(start, float)
    assert isinstance(end, float)
    return (end - start) * 1e3
