# SPDX-License-Identifier: Apache-2.0
"""A worker with a pipeline that can be held, and what comes out of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue

from helpers.gated_pipeline import WAIT_S, GatedPipeline
from llmseg_ros.messages.frame import Frame, SegmentedFrame
from llmseg_ros.node.schedule import Schedule
from llmseg_ros.node.worker import InferenceWorker

__all__ = ["Rig", "running_rig"]


@dataclass
class Rig:
    """A running worker and everything that came out of it."""

    max_rate_hz: float = 0.0
    schedule: Schedule = field(default_factory=Schedule)
    pipeline: GatedPipeline = field(default_factory=GatedPipeline)
    answers: Queue[SegmentedFrame] = field(default_factory=Queue)
    errors: Queue[Exception] = field(default_factory=Queue)

    def __post_init__(self) -> None:
        self.mailbox = self.schedule.mailbox(max_rate_hz=self.max_rate_hz)
        self.worker = InferenceWorker(
            self.pipeline,
            self.schedule,
            lambda _, answer: self.answers.put(answer),
            self.errors.put,
        )
        self.worker.start()

    def request(self, instruction: str, frame: Frame | None = None) -> Future[SegmentedFrame]:
        return self.schedule.request(self.mailbox, instruction, frame).future

    def answer(self) -> tuple[int, str]:
        """The next answer of the stream: number of the frame, instruction."""
        answer = self.answers.get(timeout=WAIT_S)
        return answer.frame.header, answer.segmentation.instruction

    def call(self) -> str:
        return self.pipeline.calls.get(timeout=WAIT_S)

    def remaining_calls(self) -> list[str]:
        """What the pipeline did besides, once it has nothing to do any more."""
        time.sleep(0.1)
        return [self.pipeline.calls.get() for _ in range(self.pipeline.calls.qsize())]


@contextmanager
def running_rig() -> Iterator[Rig]:
    """A rig, which is stopped at the end; its gate is opened for that."""
    rig = Rig()
    yield rig
    rig.pipeline.gate.set()
    assert rig.worker.stop(WAIT_S)
