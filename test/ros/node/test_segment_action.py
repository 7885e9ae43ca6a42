# SPDX-License-Identifier: Apache-2.0
"""The action `~/segment_object`: a real client over DDS, and a model that can be made to wait."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from rclpy.action import ActionClient
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from helpers.observer import Observer
from helpers.programs import NODE, programs
from helpers.segmentation_rig import SegmentationRig, image_message
from helpers.small_model import save_small_model
from llmseg_ros.action import SegmentObject
from llmseg_ros.node import worker as worker_module

SUCCEEDED, CANCELED = GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_CANCELED
ABORTED = GoalStatus.STATUS_ABORTED


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return str(directory)


@dataclass
class Asked:
    """A goal that was sent, and what came of it."""

    observer: Observer
    feedback: list[SegmentObject.Feedback] = field(default_factory=list)
    handle: Any = None
    outcome: Any = None

    def cancel(self) -> int:
        """Asks for its end; how many goals are being cancelled."""
        future = self.handle.cancel_goal_async()
        self.observer.wait_until(future.done)
        return len(future.result().goals_canceling)

    def end(self) -> tuple[int, SegmentObject.Result]:
        """Waits for its end: the status and the result."""
        self.observer.wait_until(self.outcome.done)
        return self.outcome.result().status, self.outcome.result().result

    def wait_for_stage(self, stage: str) -> None:
        self.observer.wait_until(lambda: any(f.stage == stage for f in self.feedback))


class Rig:
    """An active node, a client of its action, and a gate in which an inference waits."""

    def __init__(self, observer: Observer, model: str, **parameters: Any) -> None:
        self.observer = observer
        self.seg = SegmentationRig(observer, model=model, **parameters)
        self.client = ActionClient(
            observer.node, SegmentObject, "llmseg/segment_object",
            goal_service_qos_profile=QoSProfile(depth=100),
            result_service_qos_profile=QoSProfile(depth=100),
        )  # fmt: skip
        observer.wait_until(self.client.server_is_ready)
        self.seg.wait_for_images()
        self.gate, self.entered = threading.Event(), threading.Event()
        self.gate.set()
        assert self.seg.node._model is not None
        method = self.seg.node._model.method
        encode = method.encode_frame

        def encode_at_the_gate(image: Any) -> Any:
            self.entered.set()
            assert self.gate.wait(30)
            return encode(image)

        method.encode_frame = encode_at_the_gate

    def close_gate(self) -> None:
        self.entered.clear()
        self.gate.clear()

    def ask(
        self,
        instruction: str = "mug",
        image: Image | None = None,
        timeout_s: float = 0.0,
        follow: bool = False,
        camera: str = "",
    ) -> Asked:
        """Sends a goal, and waits until it is accepted."""
        asked = Asked(self.observer)
        whole_s = int(timeout_s // 1)
        goal = SegmentObject.Goal(
            camera=camera, instruction=instruction, image=image or Image(), follow=follow,
            timeout=Duration(sec=whole_s, nanosec=round((timeout_s - whole_s) * 1e9)),
        )  # fmt: skip
        future = self.client.send_goal_async(goal, lambda m: asked.feedback.append(m.feedback))
        self.observer.wait_until(future.done)
        asked.handle = future.result()
        assert asked.handle.accepted
        asked.outcome = asked.handle.get_result_async()
        return asked

    def ask_and_run(self, number: int) -> Asked:
        """Sends a goal whose inference waits at the gate."""
        asked = self.ask(f"running {number}", image_message(number))
        self.observer.wait_until(self.entered.is_set)
        return asked


@pytest.fixture
def make_rig(observer: Observer, model: str) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(**parameters: Any) -> Rig:
        rigs.append(Rig(observer, model, **parameters))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.gate.set()
        rig.client.destroy()


def test_one_answer_and_what_is_told_meanwhile(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(listens=False)
    status, result = rig.ask("mug").end()
    assert (status, result.success) == (ABORTED, False)
    assert "no image yet" in result.message

    rig.seg.show(image_message(1))
    rig.seg.wait_for_value("frames received", "1")
    asked = rig.ask("mug")
    status, result = asked.end()
    assert (status, result.success, result.message) == (SUCCEEDED, True, "")
    assert (result.result.header.stamp.sec, result.result.instruction) == (1, "mug")
    rig.observer.wait_until(lambda: len(asked.feedback) == 2)
    told = [(one.stage, one.queue_position) for one in asked.feedback]
    assert told == [("waiting", 1), ("working", 0)]

    status, result = rig.ask("spoon", image_message(7), timeout_s=30.0).end()
    assert (status, result.result.header.stamp.sec) == (SUCCEEDED, 7)
    assert result.result.mask.height == 60


def test_cancelled_while_it_waits_and_while_it_runs(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    rig.close_gate()
    running = rig.ask_and_run(1)
    second, third = rig.ask("second", image_message(2)), rig.ask("third", image_message(3))
    rig.observer.wait_until(lambda: [f.queue_position for f in third.feedback] == [2])
    assert second.cancel() == 1
    assert second.end()[0] == CANCELED
    assert second.end()[1].message == "cancelled"
    rig.observer.wait_until(lambda: [f.queue_position for f in third.feedback] == [2, 1])
    assert running.cancel() == 1
    assert running.end()[0] == CANCELED  # at once, though inference cannot be interrupted
    rig.gate.set()
    assert third.end()[0] == SUCCEEDED
    assert third.cancel() == 0
    assert not any("cancelled" in log for log in rig.seg.logs)


def test_busy_for_service_and_action_together(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(max_waiting=2)
    rig.close_gate()
    running = rig.ask_and_run(1)
    waiting = rig.ask("waiting", image_message(2))
    call = rig.seg.segment_async("mug", image_message(3))
    rig.observer.spin_for(0.3)
    assert rig.seg.segment("mug", image_message(4)).message == (
        "busy, 2 wait: ask again when some are answered"
    )
    status, result = rig.ask("mug", image_message(5)).end()
    assert (status, result.message[:14]) == (ABORTED, "busy, 2 wait: ")
    assert rig.seg.set_parameter("max_waiting", 3).successful
    more = rig.ask("mug", image_message(6))
    rig.gate.set()
    assert [asked.end()[0] for asked in (running, waiting, more)] == [SUCCEEDED] * 3
    rig.observer.wait_until(call.done)
    assert call.result().success


def test_a_time_limit(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    rig.close_gate()
    running = rig.ask_and_run(1)
    late = rig.ask("late", image_message(2), timeout_s=0.2)
    status, result = late.end()
    assert (status, result.message) == (
        ABORTED, "there was no result within the timeout of 0.2 s",
    )  # fmt: skip
    rig.gate.set()
    assert running.end()[0] == SUCCEEDED


@pytest.mark.parametrize(
    ("goal", "reason"),
    [
        ({"instruction": " "}, "the instruction is ' '"),
        ({"instruction": "mug " * 5000}, "20000 characters"),
        ({"timeout_s": -1.5}, "timeout is -1.5 s, it must be 0"),
        ({"camera": "rear"}, "camera is 'rear', it must be empty"),
        ({"camera": "rear", "follow": True}, "camera is 'rear', it must be empty"),
        ({"image": image_message(1), "follow": True}, "an image of 80 x 60 pixels: leave it empty"),
        ({"image": Image(height=1, width=1, encoding="x")}, "unknown encoding 'x'"),
        ({"instruction": "", "follow": True}, "the instruction is ''"),
    ],
)
def test_what_cannot_be_done_says_why(one_rig: Rig, goal: dict[str, Any], reason: str) -> None:
    status, result = one_rig.ask(**goal).end()
    assert (status, result.success) == (ABORTED, False)
    assert reason in result.message


@pytest.fixture
def one_rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


def follow(rig: Rig, instruction: str, **goal: Any) -> Asked:
    """A goal that follows, and whose first result has come."""
    asked = rig.ask(instruction, follow=True, **goal)
    rig.seg.show(image_message(rig.observer.node.get_clock().now().seconds_nanoseconds()[0]))
    rig.observer.wait_until(lambda: bool(results(asked)))
    return asked


def results(asked: Asked) -> list[Any]:
    return [one.result for one in asked.feedback if one.stage == "following"]


def test_every_result_of_what_is_followed_until_it_is_cancelled(
    make_rig: Callable[..., Rig],
) -> None:
    rig = make_rig(listens=False)
    status, result = rig.ask("fork", follow=True, timeout_s=0.1).end()  # there is no image yet
    assert (status, "no result within the timeout" in result.message) == (ABORTED, True)
    asked = follow(rig, "mug")  # nobody else listens
    for stamp in (2, 3):
        rig.seg.show(image_message(stamp))
        rig.observer.wait_until(lambda: results(asked)[-1].header.stamp.sec == stamp)  # noqa: B023
    assert {result.instruction for result in results(asked)} == {"mug"}
    assert results(asked)[-1].mask.height == 60
    assert asked.cancel() == 1
    status, result = asked.end()
    assert (status, result.success, result.message) == (CANCELED, False, "cancelled")
    assert result.result.header.stamp.sec == 3
    assert rig.seg.wait_for_value("instruction", "")

    asked = follow(rig, "spoon", timeout_s=1.0)
    status, result = asked.end()
    assert (status, result.success, result.result.instruction) == (SUCCEEDED, True, "spoon")
    assert rig.seg.wait_for_value("instruction", "")


def test_what_puts_an_end_to_following(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()

    def end(asked: Asked) -> str:
        status, result = asked.end()
        assert (status, result.success) == (ABORTED, False)
        assert result.result.header.stamp.sec > 0
        return str(result.message)

    first = follow(rig, "mug")
    second = follow(rig, "spoon")
    assert end(first) == "superseded by a goal that follows 'spoon'"
    rig.seg.instruct("fork")
    assert end(second) == "superseded: the instruction 'fork' is in force"
    third = follow(rig, "knife")
    rig.seg.instruct("")
    assert end(third) == "superseded: no instruction is in force"
    fourth = follow(rig, "plate")
    assert rig.seg.change_state("deactivate")
    assert end(fourth) == "the node was deactivated"
    status, result = rig.ask("mug", follow=True).end()
    assert (status, "the node is inactive" in result.message) == (ABORTED, True)
    assert rig.seg.change_state("activate")
    rig.seg.wait_for_images()
    fifth = follow(rig, "cup")
    assert fifth.cancel() == 1
    assert fifth.end()[0] == CANCELED


def test_no_goal_is_left_when_the_worker_stops_or_dies(
    make_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "FIRST_PAUSE_S", 0.1)
    rig = make_rig()
    rig.close_gate()
    goals = [rig.ask_and_run(1), rig.ask("waiting", image_message(2))]
    assert rig.seg.change_state("deactivate")
    for asked in goals:
        status, result = asked.end()
        assert (status, "stopped before the answer" in result.message) == (ABORTED, True)
    rig.gate.set()
    assert rig.seg.change_state("activate")
    rig.seg.wait_for_images()

    method = rig.seg.node._model.method
    encode = method.encode_frame

    def die(_: Any) -> Any:
        assert rig.gate.wait(30)
        method.encode_frame = encode
        raise SystemExit("a library ends the thread")

    method.encode_frame = die
    rig.close_gate()
    goals = [rig.ask(f"doomed {number}", image_message(number)) for number in (1, 2)]
    rig.gate.set()
    for asked in goals:
        status, result = asked.end()
        assert (status, "the inference thread ended by" in result.message) == (ABORTED, True)
    assert rig.ask("mug", image_message(3)).end()[0] == SUCCEEDED


def test_a_burst_of_goals_all_end(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    goal = SegmentObject.Goal(instruction="mug", image=image_message(1))
    sent = [rig.client.send_goal_async(goal) for _ in range(60)]
    rig.observer.wait_until(lambda: all(future.done() for future in sent))
    outcomes = [future.result().get_result_async() for future in sent]
    rig.observer.wait_until(lambda: all(outcome.done() for outcome in outcomes))
    statuses = [outcome.result().status for outcome in outcomes]
    assert set(statuses) <= {SUCCEEDED, ABORTED}
    assert statuses.count(SUCCEEDED) >= 8


def test_who_waits_when_the_process_is_stopped_gets_the_reason(
    observer: Observer, model: str, tmp_path: Path
) -> None:
    client = ActionClient(observer.node, SegmentObject, "llmseg/segment_object")
    with programs(tmp_path) as start:
        node = start(*NODE, "--ros-args", "-p", f"model:={model}")
        node.wait_for("active: images from")
        observer.wait_until(client.server_is_ready)
        future = client.send_goal_async(SegmentObject.Goal(instruction="mug", follow=True))
        observer.wait_until(future.done)
        outcome = future.result().get_result_async()
        observer.spin_for(0.3)
        node.send(signal.SIGTERM)
        observer.wait_until(outcome.done)
        assert outcome.result().status == ABORTED
        assert outcome.result().result.message == "the node was deactivated"
        assert node.end() == 0
    client.destroy()
