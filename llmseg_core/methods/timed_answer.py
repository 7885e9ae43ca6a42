# SPDX-License-Identifier: Apache-2.0
"""Answers with the times of their frame and their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from llmseg_core.runtime.stage_timer import StageTimer
from llmseg_core.types import Segmentation

__all__ = ["timed"]


class TimedFrame(Protocol):
    """What is asked of an encoded frame."""

    @property
    def timings_ms(self) -> Mapping[str, float]:
        """Wall time of each stage in milliseconds."""

    @property
    def total_ms(self) -> float:
        """Wall time of all stages together."""


def timed(answer: Segmentation, frame: TimedFrame, timer: StageTimer) -> Segmentation:
    """The answer with all stages' times: those of its frame, and those that `timer` has seen."""
    timings = {**frame.timings_ms, **timer.timings_ms}
    return answer.with_timings(timings, frame.total_ms + timer.total_ms)
