# SPDX-License-Identifier: Apache-2.0
"""Work that a GPU does beside the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

__all__ = ["SideStream"]


class SideStream:
    """A second queue of work on a GPU; without a GPU everything runs where it stands.

    Args:
        device: of the work.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is asked of the GPU in the block runs beside what is asked of it afterwards.

        Inputs may come from the current stream; results may be used after `join` only.
        """
        if self._stream is None:
            yield
            return
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            yield

    def join(self, results: Iterable[Tensor]) -> None:
        """Let the current stream wait for the block, and use what it made."""
        if self._stream is None:
            return
        current = torch.cuda.current_stream(self._device)
        current.wait_stream(self._stream)
        for tensor in results:
            tensor.record_stream(current)  # else its memory could be given away too early
