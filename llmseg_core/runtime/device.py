# SPDX-License-Identifier: Apache-2.0
"""The device and the number format of the networks."""

from __future__ import annotations

import torch

from llmseg_core.config import RuntimeConfig

__all__ = ["torch_device", "torch_dtype"]


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
