# SPDX-License-Identifier: Apache-2.0
"""The processes that train together: one, or as many as torchrun or accelerate launch started."""

from __future__ import annotations

from datetime import timedelta

import torch
from accelerate import PartialState

__all__ = ["processes"]


def processes() -> PartialState:
    """Who this process is, and how many there are; without GPUs they speak by gloo.

    One may wait for another as long as a stage takes, which is longer than the usual limit.
    """
    # not told that there is no GPU, accelerate overlooks processes on CPUs
    return PartialState(cpu=not torch.cuda.is_available(), timeout=timedelta(days=1))
