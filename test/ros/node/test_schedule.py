# SPDX-License-Identifier: Apache-2.0
"""What is worked on next, over several cameras: shares, idle cameras, requests between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from queue import Queue

import pytest

from helpers.gated_pipeline import WAIT_S, GatedPipeline, make_frame
from llmseg_ros.messages.frame import SegmentedFrame
from llmseg_ros.node.mailbox import Mailbox
from llmseg_ros.node.schedule import Job, Schedule
from llmseg_ros.node.worker import InferenceWorker

JOBS = 400


def cameras(schedule: Schedule, weights: Mapping[str, float]) -> dict[Mailbox, str]:
    """Mailboxes with an instruction each, by name."""
    made = {schedule.mailbox(weight): name for name, weight in weights.items()}
    for mailbox in made:
        mailbox.instruct("mug")
    return made


def work(
    schedule: Schedule,
    names: Mapping[Mailbox, str],
    jobs: int = JOBS,
    cost_s: Callable[[str], float] = lambda _: 0.1,
    dead: str = "",
) -> list[str]:
    """Names in the order of their turns, while a new frame of each live camera is always there."""
    turns = []
    for number in range(jobs):
        for mailbox, name in names.items():
            if name != dead:
                mailbox.submit(make_frame(number % 250))
        job = schedule.take()
        assert job is not None
        turns.append(names[job.mailbox])
        job.mailbox.question()
        schedule.spent(job, cost_s(turns[-1]))
    return turns


def test_shares_are_as_the_weights() -> None:
    schedule = Schedule()
    counts = Counter(work(schedule, cameras(schedule, {"a": 2.0, "b": 1.0, "c": 1.0})))
    assert counts["a"] == pytest.approx(JOBS / 2, rel=0.1)
    assert counts["b"] == pytest.approx(JOBS / 4, rel=0.1)
    assert counts["c"] == pytest.approx(JOBS / 4, rel=0.1)


def test_shares_are_of_time_and_not_of_answers() -> None:
    schedule = Schedule()
    names = cameras(schedule, {"large": 1.0, "small": 1.0})
    costs = {"large": 0.3, "small": 0.1}
    counts = Counter(work(schedule, names, cost_s=costs.__getitem__))
    assert counts["small"] == pytest.approx(3 * counts["large"], rel=0.1)


def test_a_dead_camera_costs_nothing_and_saves_nothing_up() -> None:
    schedule = Schedule()
    names = cameras(schedule, {"a": 1.0, "b": 1.0, "dead": 30.0})
    assert Counter(work(schedule, names, dead="dead"))["dead"] == 0
    turns = work(schedule, names, 62)  # it comes back
    assert "dead" in turns[:2]
    assert Counter(turns)["a"] >= 1
    assert Counter(turns)["b"] >= 1


def test_nobody_starves() -> None:
    schedule = Schedule()
    names = cameras(schedule, {"a": 1.0, "b": 1.0, "c": 1.0})
    turns = work(schedule, names, 60)
    for name in "abc":
        places = [number for number, turn in enumerate(turns) if turn == name]
        assert max(b - a for a, b in pairwise(places)) <= 3


def test_a_changed_weight_counts_from_then_on() -> None:
    schedule = Schedule()
    names = cameras(schedule, {"a": 1.0, "b": 1.0})
    assert Counter(work(schedule, names))["a"] == pytest.approx(JOBS / 2, rel=0.1)
    schedule.configure(8, {mailbox: 3.0 if name == "a" else 1.0 for mailbox, name in names.items()})
    assert Counter(work(schedule, names))["a"] == pytest.approx(3 * JOBS / 4, rel=0.1)


def test_requests_come_in_their_order_and_take_turns_with_the_streams() -> None:
    schedule = Schedule()
    names = cameras(schedule, {"a": 1.0, "b": 1.0})
    first, second = names
    places: list[tuple[int, int]] = []
    for number, mailbox in enumerate((second, first, second)):
        schedule.request(
            mailbox, f"{number}", make_frame(100 + number),
            on_place=lambda place, of=number: places.append((of, place)),
        )  # fmt: skip
    for mailbox in names:
        mailbox.submit(make_frame(1))
    jobs: list[Job] = []
    for _ in range(5):
        job = schedule.take()
        assert job is not None
        jobs.append(job)
        job.mailbox.question()
        schedule.spent(job, 0.1)
    asked = ["" if job.request is None else job.request.instruction for job in jobs]
    assert asked == ["0", "", "1", "", "2"]
    assert {names[job.mailbox] for job in jobs if job.request is None} == {"a", "b"}
    assert places[:3] == [(0, 1), (1, 2), (2, 3)]
    assert places[3:] == [(0, 0), (1, 1), (2, 2), (1, 0), (2, 1), (2, 0)]


def test_each_camera_keeps_its_encoding() -> None:
    schedule, pipeline = Schedule(), GatedPipeline()
    answers: Queue[tuple[Mailbox, SegmentedFrame]] = Queue()
    worker = InferenceWorker(
        pipeline, schedule, lambda mailbox, answer: answers.put((mailbox, answer)), pytest.fail
    )
    worker.start()
    names = cameras(schedule, {"a": 1.0, "b": 1.0})
    for number, mailbox in enumerate(names, 1):
        mailbox.submit(make_frame(number))
        of, answer = answers.get(timeout=WAIT_S)
        assert (of, answer.frame.header) == (mailbox, number)
    for mailbox in names:  # another instruction costs no encoding for either
        mailbox.instruct("spoon")
        answers.get(timeout=WAIT_S)
    calls = [pipeline.calls.get() for _ in range(pipeline.calls.qsize())]
    assert calls == [
        "encode 1", "segment 1 mug", "encode 2", "segment 2 mug", "segment 1 spoon",
        "segment 2 spoon",
    ]  # fmt: skip
    other = GatedPipeline()
    worker.replace(other, None)  # both are answered anew by another model
    stamps = sorted(answers.get(timeout=WAIT_S)[1].frame.header for _ in range(2))
    assert stamps == [1, 2]
    assert other.calls.qsize() == 4
    assert all(known[0] is other for known in worker._encoded.values())
    assert worker.stop(WAIT_S)
