# SPDX-License-Identifier: Apache-2.0
"""Chance from a seed for a while, without a trace in the caller's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["seeded"]


@contextmanager
def seeded(seed: int, device: torch.device | str | None = None) -> Iterator[None]:
    """Within the block torch draws from `seed`; afterwards it goes on as if nothing had been.

    That holds for the CPU and for one device. Generators of other devices are left alone, which
    `torch.manual_seed` does not do: it seeds those of every GPU.

    Args:
        seed: of what is drawn in the block.
        device: on which the block draws besides the CPU; None means torch's default device.
    """
    device = torch.device(device) if device is not None else torch.get_default_device()
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(seed)
        yield
