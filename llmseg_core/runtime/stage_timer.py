# SPDX-License-Identifier: Apache-2.0
"""How long the stages of inference take, each and together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import torch

__all__ = ["StageTimer"]


class StageTimer:
    """Measures named stages, the device's work included, without making the device wait.

    On a GPU a stage lasts from where its stream has reached it to where its stream has left it, so
    stages on two streams may overlap, and the sum of their times is longer than they took
    (`total_ms`).

    Args:
        device: of the work; what is timed is asked of it after this object is made.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._made = self._mark()
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

    @property
    def total_ms(self) -> float:
        """Milliseconds from the start of the first stage to the end of the last; waits for it.

        What lies between stages counts, what two of them do at the same time counts once. 0 if
        there was no stage.
        """
        if not self._spans:
            return 0.0
        spans = self._spans.values()
        end = max(_milliseconds(self._made, end) for _, end in spans)
        return end - min(_milliseconds(self._made, start) for start, _ in spans)

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
