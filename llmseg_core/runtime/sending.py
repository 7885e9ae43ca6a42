# SPDX-License-Identifier: Apache-2.0
"""From the CPU's memory to a GPU's without waiting for what the GPU is at."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["sent"]


def sent(tensor: Tensor, device: torch.device | str) -> Tensor:
    """The tensor on a device; what is asked of a GPU afterwards finds it there.

    `Tensor.to` waits until a GPU has done all that it was asked, and has nothing to do then.

    Args:
        tensor: on the CPU, or already there.
        device: where to.
    """
    device = torch.device(device)
    if device.type != "cuda" or tensor.device.type != "cpu":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
