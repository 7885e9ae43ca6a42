# SPDX-License-Identifier: Apache-2.0
"""What becomes of the frames and the instruction of a camera, and how they are counted."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from helpers.gated_pipeline import WAIT_S, make_frame
from helpers.worker_rig import Rig, running_rig
from llmseg_ros.node import mailbox as mailbox_module


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running_rig() as rig:
        yield rig


def test_the_newest_frame_wins_and_the_others_are_counted(rig: Rig) -> None:
    rig.pipeline.gate.clear()
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(1))
    assert rig.call() == "encode 1"
    for number in range(2, 7):
        rig.mailbox.submit(make_frame(number))
    rig.pipeline.gate.set()
    assert rig.answer() == (1, "mug")
    assert rig.answer() == (6, "mug")
    statistics = rig.mailbox.statistics
    assert (statistics.received, statistics.processed, statistics.dropped) == (6, 2, 4)


def test_frames_are_not_dropped_while_nothing_is_asked(rig: Rig) -> None:
    for number in range(3):
        rig.mailbox.submit(make_frame(number))
    assert rig.mailbox.statistics.dropped == 0


def test_the_stream_rests_while_nobody_wants_answers(rig: Rig) -> None:
    rig.mailbox.want(False)
    rig.mailbox.instruct("mug")
    for number in (1, 2):
        rig.mailbox.submit(make_frame(number))
    assert rig.remaining_calls() == []
    assert rig.request("spoon").result(WAIT_S).frame.header == 2
    assert rig.answers.empty()
    assert rig.mailbox.statistics.dropped == 0
    rig.mailbox.want(True)
    assert rig.answer() == (2, "mug")
    assert rig.remaining_calls() == ["encode 2", "segment 2 spoon", "segment 2 mug"]


def test_a_frame_whose_instruction_was_overtaken_counts_as_dropped(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox_module, "REUSE_S", 0.05)
    rig.mailbox.want(False)
    rig.mailbox.submit(make_frame(1))
    rig.request("fork").result(WAIT_S)  # encodes it
    rig.remaining_calls()
    rig.pipeline.gate.clear()
    rig.mailbox.instruct("mug")
    rig.mailbox.want(True)
    assert rig.call() == "segment 1 mug"
    rig.mailbox.submit(make_frame(2))
    rig.mailbox.instruct("spoon")
    time.sleep(0.1)
    rig.pipeline.gate.set()
    assert rig.answer() == (2, "spoon")
    rig.mailbox.instruct("fork")  # a frame that was answered once is not dropped
    assert rig.answer() == (2, "fork")
    rig.mailbox.submit(make_frame(3))
    assert rig.answer() == (3, "fork")
    statistics = rig.mailbox.statistics
    assert (statistics.received, statistics.processed, statistics.dropped) == (3, 4, 1)


def test_the_stream_answers_on_the_frame_that_a_request_took(rig: Rig) -> None:
    rig.pipeline.gate.clear()
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(1))
    assert rig.call() == "encode 1"
    request = rig.request("fork")
    rig.mailbox.submit(make_frame(2))
    rig.pipeline.gate.set()
    assert request.result(WAIT_S).frame.header == 2
    assert [rig.answer(), rig.answer()] == [(1, "mug"), (2, "mug")]
    assert rig.remaining_calls()[-3:] == ["encode 2", "segment 2 fork", "segment 2 mug"]
    statistics = rig.mailbox.statistics
    assert (statistics.received, statistics.processed, statistics.dropped) == (2, 3, 0)
