# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from llmseg_core.runtime import stage_timer
from llmseg_core.runtime.side_stream import SideStream
from llmseg_core.runtime.stage_timer import StageTimer

CPU = torch.device("cpu")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock, in milliseconds."""
    now = [0.0]
    monkeypatch.setattr(stage_timer.time, "perf_counter", lambda: now[0] / 1e3)

    def set_clock(milliseconds: float) -> None:
        now[0] = milliseconds

    return set_clock


def test_stages_are_timed_in_order() -> None:
    timer = StageTimer(CPU)
    for name in ("first", "second"):
        with timer.stage(name):
            sum(range(1000))
    assert list(timer.timings_ms) == ["first", "second"]
    assert all(0 < value < 1000 for value in timer.timings_ms.values())
    assert timer.total_ms >= sum(timer.timings_ms.values())


def test_what_lies_between_stages_counts(at: Callable[[float], None]) -> None:
    at(1)
    timer = StageTimer(CPU)
    at(10)
    with timer.stage("first"):
        at(14)
    at(20)
    with timer.stage("second"):
        at(27)
    at(100)
    assert timer.timings_ms == pytest.approx({"first": 4, "second": 7})
    assert timer.total_ms == pytest.approx(17)


def test_what_two_stages_do_at_once_counts_once(at: Callable[[float], None]) -> None:
    timer = StageTimer(CPU)
    at(5)
    with timer.stage("whole"):
        at(7)
        with timer.stage("part"):
            at(12)
        at(15)
    assert timer.timings_ms == pytest.approx({"part": 5, "whole": 10})
    assert timer.total_ms == pytest.approx(10)


def test_no_stage_takes_no_time(at: Callable[[float], None]) -> None:
    timer = StageTimer(CPU)
    at(5)
    assert timer.total_ms == 0
    assert timer.timings_ms == {}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_stages_on_two_streams_overlap() -> None:
    device = torch.device("cuda")
    side, matrix = SideStream(device), torch.randn(2048, 2048, device=device)

    def work() -> None:
        for _ in range(20):
            matrix @ matrix

    work()
    torch.cuda.synchronize()
    timer = StageTimer(device)
    with side.aside(), timer.stage("aside"):
        work()
    with timer.stage("here"):
        work()
    stages = timer.timings_ms.values()
    assert max(stages) <= timer.total_ms * 1.001
    assert timer.total_ms < 0.9 * sum(stages)
