# SPDX-License-Identifier: Apache-2.0
"""The inference thread and its mailbox, without ROS and without a network.

A pipeline that waits for the test's permission makes every order of events certain.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from helpers.gated_pipeline import BROKEN, WAIT_S, GatedPipeline, make_frame
from helpers.worker_rig import Rig, running_rig
from llmseg_core.config import SelectionConfig
from llmseg_ros.node import mailbox as mailbox_module
from llmseg_ros.node.schedule import MOST_WAITING, Busy, Schedule, WorkerStopped
from llmseg_ros.node.worker import InferenceWorker


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running_rig() as rig:
        yield rig


def test_answers_the_instruction_in_force_on_each_frame(rig: Rig) -> None:
    rig.mailbox.submit(make_frame(1))
    assert rig.remaining_calls() == []  # nothing was asked yet
    rig.mailbox.instruct("mug")
    assert rig.answer() == (1, "mug")
    rig.mailbox.submit(make_frame(2))
    assert rig.answer() == (2, "mug")
    rig.mailbox.instruct("")
    rig.mailbox.submit(make_frame(3))
    assert rig.remaining_calls() == ["encode 1", "segment 1 mug", "encode 2", "segment 2 mug"]
    assert rig.mailbox.statistics.processed == 2


def test_a_new_instruction_on_a_known_frame_runs_segment_alone(rig: Rig) -> None:
    rig.mailbox.submit(make_frame(1))
    rig.mailbox.instruct("mug")
    first = rig.answers.get(timeout=WAIT_S)
    rig.mailbox.instruct("spoon")
    second = rig.answers.get(timeout=WAIT_S)
    assert rig.remaining_calls() == ["encode 1", "segment 1 mug", "segment 1 spoon"]
    assert first.segmentation.timings_ms == {"convert": 1.0, "proposals": 5.0, "seg_token": 2.0}
    assert second.segmentation.timings_ms == {"convert": 0.0, "proposals": 0.0, "seg_token": 2.0}
    assert first.segmentation.total_ms == 7.0  # 5 ms of proposals took 4: stages overlap
    assert second.segmentation.total_ms == 2.0


def test_an_old_encoding_is_not_used_when_a_newer_frame_is_there(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox_module, "REUSE_S", 0.05)
    rig.mailbox.submit(make_frame(1))
    rig.mailbox.instruct("mug")
    assert rig.answer() == (1, "mug")
    rig.mailbox.instruct("")
    rig.mailbox.submit(make_frame(2))
    time.sleep(0.1)
    rig.mailbox.instruct("spoon")
    assert rig.answer() == (2, "spoon")


def test_an_instruction_that_changes_while_a_frame_is_encoded_is_answered(rig: Rig) -> None:
    rig.pipeline.gate.clear()
    rig.mailbox.submit(make_frame(1))
    rig.mailbox.instruct("mug")
    assert rig.call() == "encode 1"
    rig.mailbox.instruct("spoon")
    rig.pipeline.gate.set()
    assert rig.answer() == (1, "spoon")
    assert rig.remaining_calls() == ["segment 1 spoon"]


def test_an_answer_to_an_instruction_no_longer_in_force_is_not_given(rig: Rig) -> None:
    rig.mailbox.submit(make_frame(1))
    rig.mailbox.instruct("mug")
    assert rig.answer() == (1, "mug")
    rig.remaining_calls()
    rig.pipeline.gate.clear()
    rig.mailbox.instruct("spoon")
    assert rig.call() == "segment 1 spoon"
    rig.mailbox.instruct("fork")
    rig.pipeline.gate.set()
    assert rig.answer() == (1, "fork")
    assert rig.answers.empty()


def test_a_changed_selection_rule_is_answered_at_once(rig: Rig) -> None:
    rig.mailbox.submit(make_frame(1))
    rig.mailbox.instruct("mug")
    rig.answer()
    rig.mailbox.configure(SelectionConfig(iop_threshold=0.25), max_rate_hz=0.0)
    rig.answer()
    assert rig.remaining_calls()[2:] == ["segment 1 mug above 0.25"]


def test_the_same_instruction_again_is_answered_again(rig: Rig) -> None:
    rig.mailbox.submit(make_frame(1))
    for _ in range(2):
        rig.mailbox.instruct("mug")
        assert rig.answer() == (1, "mug")
    assert rig.remaining_calls() == ["encode 1", "segment 1 mug", "segment 1 mug"]


def test_requests_are_answered_apart_from_the_instruction(rig: Rig) -> None:
    own = rig.request("spoon", make_frame(7)).result(WAIT_S)
    assert (own.frame.header, own.segmentation.instruction) == (7, "spoon")
    with pytest.raises(LookupError, match="no image yet"):
        rig.request("spoon").result(WAIT_S)

    rig.mailbox.submit(make_frame(1))
    newest = rig.request("fork").result(WAIT_S)
    assert newest.frame.header == 1
    assert rig.answers.empty()
    rig.mailbox.instruct("mug")  # on the frame that the request had encoded
    assert rig.answer() == (1, "mug")
    assert rig.remaining_calls()[2:] == ["encode 1", "segment 1 fork", "segment 1 mug"]


def test_an_image_of_a_request_leaves_the_streams_encoding(rig: Rig) -> None:
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(1))
    assert rig.answer() == (1, "mug")
    rig.request("fork", make_frame(7)).result(WAIT_S)
    rig.mailbox.instruct("spoon")
    assert rig.answer() == (1, "spoon")
    assert rig.remaining_calls()[2:] == ["encode 7", "segment 7 fork", "segment 1 spoon"]


def test_an_encoding_that_failed_is_not_taken_for_the_last_one(rig: Rig) -> None:
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(1))
    assert rig.answer() == (1, "mug")
    rig.mailbox.submit(make_frame(BROKEN))
    rig.errors.get(timeout=WAIT_S)
    rig.mailbox.submit(make_frame(2))
    rig.mailbox.instruct("spoon")  # must not encode frame 1 again
    assert rig.answer()[0] == 2
    assert "encode 1" not in rig.remaining_calls()[2:]


def test_more_requests_than_there_is_memory_for_are_refused(rig: Rig) -> None:
    rig.pipeline.gate.clear()
    first = rig.request("first", make_frame(1))
    rig.call()
    futures = [rig.request("fork", make_frame(2)) for _ in range(MOST_WAITING + 1)]
    with pytest.raises(Busy, match=f"busy, {MOST_WAITING} wait"):
        futures[-1].result(WAIT_S)
    rig.pipeline.gate.set()
    assert all(future.result(WAIT_S) for future in [first, *futures[:-1]])


def test_an_answer_that_cannot_be_published_is_a_failure(rig: Rig) -> None:
    def fail(*_: object) -> None:
        raise OSError("no middleware")

    rig.worker._on_answer = fail
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(1))
    assert str(rig.errors.get(timeout=WAIT_S)) == "no middleware"
    assert (rig.mailbox.statistics.processed, rig.mailbox.statistics.failed) == (0, 1)


def test_requests_and_stream_take_turns(rig: Rig) -> None:
    rig.pipeline.gate.clear()
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(1))
    rig.call()
    futures = [rig.request(f"request {n}", make_frame(50 + n)) for n in range(3)]
    rig.mailbox.submit(make_frame(2))
    rig.pipeline.gate.set()
    for future in futures:
        future.result(WAIT_S)
    segmented = [call for call in rig.remaining_calls() if call.startswith("segment")]
    assert segmented == [
        "segment 1 mug",
        "segment 50 request 0",
        "segment 2 mug",
        "segment 51 request 1",
        "segment 52 request 2",
    ]


def test_an_exception_is_reported_and_the_thread_lives_on(rig: Rig) -> None:
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(13))
    assert str(rig.errors.get(timeout=WAIT_S)) == "frame 13 is broken"
    rig.mailbox.submit(make_frame(1))
    assert rig.answer() == (1, "mug")
    rig.mailbox.instruct("broken")
    assert str(rig.errors.get(timeout=WAIT_S)) == "cannot think of that"
    with pytest.raises(ValueError, match="cannot think of that"):
        rig.request("broken").result(WAIT_S)
    assert rig.remaining_calls()[-1] == "segment 1 broken"  # and not again and again
    assert rig.mailbox.statistics.failed == 3


def test_an_exception_in_the_callbacks_does_not_end_the_thread() -> None:
    pipeline, schedule = GatedPipeline(), Schedule()
    mailbox = schedule.mailbox()

    def fail(*_: object) -> None:
        raise OSError("the callback is broken")

    worker = InferenceWorker(pipeline, schedule, fail, fail)
    worker.start()
    mailbox.instruct("mug")
    mailbox.submit(make_frame(1))
    answer = schedule.request(mailbox, "spoon", make_frame(2)).future.result(WAIT_S)
    assert answer.frame.header == 2
    assert worker.stop(WAIT_S)


def test_the_rate_limit_holds_for_new_frames_only() -> None:
    rig = Rig(max_rate_hz=0.01)
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(1))
    assert rig.answer() == (1, "mug")
    rig.mailbox.submit(make_frame(2))
    assert rig.remaining_calls() == ["encode 1", "segment 1 mug"]
    rig.mailbox.instruct("spoon")
    assert rig.answer() == (1, "spoon")
    rig.mailbox.configure(None, max_rate_hz=0.0)
    assert rig.answer() == (2, "spoon")
    assert rig.worker.stop(WAIT_S)


def test_stop_ends_waiting_requests_and_is_final(rig: Rig) -> None:
    rig.pipeline.gate.clear()
    running = rig.request("mug", make_frame(1))
    assert rig.call() == "encode 1"
    waiting = rig.request("spoon", make_frame(2))
    assert not rig.worker.stop(timeout_s=0.05)
    late = rig.request("fork", make_frame(3))
    for future in (running, waiting, late):
        with pytest.raises(WorkerStopped, match="stopped before the answer"):
            future.result(WAIT_S)
    rig.pipeline.gate.set()
    assert rig.worker.stop(WAIT_S)


def test_nothing_is_published_after_stop(rig: Rig) -> None:
    rig.pipeline.gate.clear()
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(1))
    rig.call()
    assert not rig.worker.stop(timeout_s=0.05)
    rig.pipeline.gate.set()
    assert rig.worker.stop(WAIT_S)
    assert rig.answers.empty()


def test_a_worker_that_never_started_stops() -> None:
    worker = InferenceWorker(GatedPipeline(), Schedule(), lambda *_: None, lambda _: None)
    assert worker.stop()


def test_another_model_takes_over_at_the_next_answer(rig: Rig) -> None:
    other = GatedPipeline()
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(1))
    assert rig.answer() == (1, "mug")
    rig.worker.replace(other, SelectionConfig(iop_threshold=0.25))
    assert rig.answer() == (1, "mug")  # again, without a new frame
    rig.mailbox.submit(make_frame(2))
    assert rig.answer() == (2, "mug")
    assert rig.remaining_calls() == ["encode 1", "segment 1 mug"]
    assert [other.calls.get() for _ in range(4)] == [
        "encode 1", "segment 1 mug above 0.25", "encode 2", "segment 2 mug above 0.25",
    ]  # fmt: skip


def test_no_answer_is_of_two_models(rig: Rig) -> None:
    other = GatedPipeline()
    rig.pipeline.gate.clear()
    rig.mailbox.instruct("mug")
    rig.mailbox.submit(make_frame(1))
    assert rig.call() == "encode 1"
    request = rig.request("spoon")
    rig.worker.replace(other, None)
    rig.pipeline.gate.set()
    assert rig.answer() == (1, "mug")
    assert request.result(WAIT_S).segmentation.instruction == "spoon"
    assert rig.remaining_calls() == []  # the old model's encoding was thrown away
    calls = [other.calls.get() for _ in range(3)]
    assert sorted(calls) == ["encode 1", "segment 1 mug", "segment 1 spoon"]


def test_a_request_keeps_the_model_that_it_began_with(rig: Rig) -> None:
    other = GatedPipeline()
    rig.pipeline.gate.clear()
    request = rig.request("mug", make_frame(1))
    assert rig.call() == "encode 1"
    rig.worker.replace(other, SelectionConfig(iop_threshold=0.25))
    rig.pipeline.gate.set()
    request.result(WAIT_S)
    assert rig.remaining_calls() == ["segment 1 mug"]
    assert other.calls.empty()
