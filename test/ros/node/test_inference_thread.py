# SPDX-License-Identifier: Apache-2.0
"""What becomes of the inference thread when something ends it, and of rates without a period."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from helpers.gated_pipeline import FATAL, WAIT_S, GatedPipeline, make_frame
from helpers.worker_rig import Rig, running_rig
from llmseg_core.types import FrameEncoding
from llmseg_ros.node import worker as worker_module
from llmseg_ros.node.schedule import Schedule
from llmseg_ros.node.worker import InferenceWorker


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(worker_module, "FIRST_PAUSE_S", 0.2)
    with running_rig() as rig:
        yield rig


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_ends_the_thread_is_reported_and_it_begins_again(rig: Rig) -> None:
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(FATAL))
    error = str(rig.errors.get(timeout=WAIT_S))
    assert "SystemExit('a library ends the thread')" in error
    assert "begins again in 0.2 s" in error
    assert rig.worker.trouble == error
    assert rig.mailbox.statistics.failed == 1
    rig.mailbox.submit(make_frame(1))
    answer = rig.answers.get(timeout=WAIT_S)
    assert answer.frame.header == 1
    assert rig.worker.trouble == ""


def test_all_who_wait_get_the_reason(rig: Rig) -> None:
    rig.pipeline.gate.clear()
    fatal = rig.request("mug", make_frame(FATAL))
    rig.pipeline.calls.get(timeout=WAIT_S)
    waiting = [rig.request("mug", make_frame(number)) for number in (1, 2)]
    rig.pipeline.gate.set()
    for future in (fatal, *waiting):
        with pytest.raises(RuntimeError, match="the inference thread ended by SystemExit"):
            future.result(WAIT_S)
    assert rig.request("mug", make_frame(3)).result(WAIT_S).frame.header == 3


def test_pauses_grow_and_end_when_the_mailbox_closes(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "LONGEST_PAUSE_S", 0.4)
    texts = []
    for _ in range(3):
        rig.request("mug", make_frame(FATAL))
        texts.append(str(rig.errors.get(timeout=WAIT_S)).rpartition("again in ")[2])
    assert texts == ["0.2 s", "0.4 s", "0.4 s"]
    assert rig.worker.stop(WAIT_S)


def test_how_long_an_answer_is_in_work_is_known(rig: Rig) -> None:
    assert rig.worker.busy_s is None
    rig.pipeline.gate.clear()
    rig.request("mug", make_frame(1))
    wait_until(lambda: (rig.worker.busy_s or 0) > 0.05)
    rig.pipeline.gate.set()
    wait_until(lambda: rig.worker.busy_s is None)


class CountingPipeline(GatedPipeline):
    """Notes how many inferences run at once."""

    def __init__(self) -> None:
        super().__init__()
        self.running = self.most = 0

    def encode_frame(self, image: np.ndarray) -> FrameEncoding:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            return super().encode_frame(image)
        finally:
            self.running -= 1


def test_a_new_worker_begins_when_the_stopped_one_has_ended() -> None:
    pipeline = CountingPipeline()
    pipeline.gate.clear()
    workers = []
    for _ in range(2):
        schedule = Schedule()
        worker = InferenceWorker(
            pipeline,
            schedule,
            lambda *_: None,
            lambda _: None,
            after=workers[0] if workers else None,
        )
        workers.append(worker)
        worker.start()
        future = schedule.request(schedule.mailbox(), "mug", make_frame(len(workers))).future
        if len(workers) == 1:
            pipeline.calls.get(timeout=WAIT_S)
            assert not worker.stop(timeout_s=0.05)
    wait_until(lambda: "still runs" in workers[1].trouble)
    pipeline.gate.set()
    assert future.result(WAIT_S).frame.header == 2
    assert pipeline.most == 1
    assert workers[1].trouble == ""
    assert workers[1].stop(WAIT_S)


@pytest.fixture
def denormals() -> None:
    """Numbers as small as a node may get: a training in this process has them taken for 0."""
    torch.set_flush_denormal(False)


@pytest.mark.usefixtures("denormals")
@pytest.mark.parametrize("rate_hz", [1e-308, 5e-324, 1e-10])
def test_a_rate_without_a_period_waits_and_can_be_changed(rig: Rig, rate_hz: float) -> None:
    rig.mailbox.configure(None, rate_hz)
    rig.mailbox.instruct("mug")
    for number in (1, 2):
        rig.mailbox.submit(make_frame(number))
        time.sleep(0.05)
    assert rig.answers.get(timeout=WAIT_S).frame.header == 1
    time.sleep(0.1)
    assert rig.answers.empty()
    assert rig.errors.empty()
    rig.mailbox.configure(None, 0.0)
    assert rig.answers.get(timeout=WAIT_S).frame.header == 2


def test_the_error_callback_may_fail_too() -> None:
    def fail(_: Exception) -> None:
        raise OSError("the callback is broken")

    schedule = Schedule()
    worker = InferenceWorker(GatedPipeline(), schedule, lambda *_: None, fail)
    worker.start()
    request = schedule.request(schedule.mailbox(), "mug", make_frame(FATAL))
    with pytest.raises(RuntimeError, match="ended by SystemExit"):
        request.future.result(WAIT_S)
    assert worker.stop(WAIT_S)
