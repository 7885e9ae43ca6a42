# SPDX-License-Identifier: Apache-2.0
"""A node that is loading a model goes on answering, over DDS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import TransitionEvent
from rclpy.lifecycle import TransitionCallbackReturn

from helpers.observer import Observer
from helpers.segmentation_rig import SegmentationRig
from helpers.small_model import save_small_model
from llmseg_core.config import RuntimeConfig
from llmseg_ros.node import model_loading

MakeRig = Callable[..., SegmentationRig]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return str(directory)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The disk answers when this is set."""
    answers = threading.Event()
    load = model_loading.load_method

    def load_when_it_answers(*arguments: object) -> object:
        assert answers.wait(60.0)
        return load(*arguments)

    monkeypatch.setattr(model_loading, "load_method", load_when_it_answers)
    yield answers
    answers.set()


@pytest.fixture
def make_rig(observer: Observer, model: str) -> MakeRig:
    return lambda **parameters: SegmentationRig(observer, **{"model": model, **parameters})


def test_all_is_answered_while_configure_loads(make_rig: MakeRig, disk: threading.Event) -> None:
    rig = make_rig(autostart=False)
    events: list[TransitionEvent] = []
    subscription = rig.observer.node.create_subscription(
        TransitionEvent, "llmseg/transition_event", events.append, 10
    )
    rig.observer.wait_until(lambda: subscription.get_publisher_count() > 0)
    rig.observer.spin_for(0.3)  # rclpy does not tell when the other side has found this one
    configured = rig.change_state_async("configure")
    rig.wait_for_state("configuring")
    status = rig.wait_for_diagnostics(DiagnosticStatus.WARN, "loading ")
    assert rig.node.get_parameter("model").value in status.message
    values = rig.wait_for_value("lifecycle state", "configuring")
    assert float(values["loading for [s]"]) >= 0
    assert values["loading model"] == values["model"]
    assert "the node is configuring" in rig.segment("mug").message

    # Parameters are answered, and what is being loaded cannot be changed under way.
    assert rig.set_parameter("max_rate_hz", 2.0).successful
    assert "is being loaded" in rig.set_parameter("model", "embedded").reason
    assert "cannot become 'bfloat16'" in rig.set_parameter("dtype", "bfloat16").reason
    for transition in ("configure", "activate", "shutdown"):
        assert not rig.change_state(transition)
    assert not configured.done()

    disk.set()
    rig.observer.wait_until(configured.done)
    assert configured.result().success
    assert rig.state() == "inactive"
    rig.observer.wait_until(lambda: len(events) == 2)
    assert [event.goal_state.label for event in events] == ["configuring", "inactive"]
    assert rig.change_state("activate")


def test_loading_that_takes_too_long_is_given_up(make_rig: MakeRig, disk: threading.Event) -> None:
    rig = make_rig(autostart=False, load_timeout_s=1.0)
    assert not rig.change_state("configure")
    assert rig.state() == "unconfigured"
    status = rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "cannot configure")
    assert "took longer than load_timeout_s = 1 s" in status.message
    disk.set()  # what comes too late is thrown away
    assert rig.set_parameter("load_timeout_s", 60.0).successful
    assert rig.change_state("configure")
    assert rig.state() == "inactive"


def test_a_node_that_starts_by_itself_answers_while_it_loads(
    make_rig: MakeRig, disk: threading.Event
) -> None:
    rig = make_rig()
    rig.wait_for_state("configuring")
    disk.set()
    rig.wait_for_state("active")


def test_diagnostics_need_no_simulated_time(make_rig: MakeRig) -> None:
    rig = make_rig(autostart=False, use_sim_time=True)
    rig.wait_for_diagnostics(DiagnosticStatus.WARN, "unconfigured")


def test_whatever_loading_raises_is_a_reason(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exit_in_a_library(*_: object) -> None:
        raise SystemExit("no licence")

    monkeypatch.setattr(model_loading, "load_method", exit_in_a_library)
    rig = make_rig(autostart=False)
    assert not rig.change_state("configure")
    rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "SystemExit('no licence')")


def test_whatever_a_transition_raises_is_reported(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = make_rig(autostart=False)
    assert rig.change_state("configure")
    release = rig.node._release_model

    def fail_once() -> None:
        monkeypatch.setattr(rig.node, "_release_model", release)
        raise MemoryError("no room")

    monkeypatch.setattr(rig.node, "_release_model", fail_once)
    assert not rig.change_state("cleanup")
    rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "on_cleanup: MemoryError: no room")
    assert rig.state() == "unconfigured"
    assert rig.change_state("configure")


def test_configuring_by_hand_waits_for_the_model(make_rig: MakeRig) -> None:
    rig = make_rig(autostart=False)
    assert rig.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert rig.state() == "inactive"


def test_what_never_ends_does_not_pile_up(model: str, disk: threading.Event) -> None:
    loader = model_loading.ModelLoader()
    given_up = [loader.start(model, RuntimeConfig(), timeout_s=0.01) for _ in range(3)]
    for loading in given_up:
        with pytest.raises(TimeoutError):
            loading.future.result(60.0)
    assert "3 models are still being read" in loader.refusal()
    with pytest.raises(RuntimeError, match="still being read"):
        loader.start(model, RuntimeConfig(), 60.0)
    disk.set()
    for loading in given_up:
        loading.thread.join(60.0)
    assert loader.start(model, RuntimeConfig(), 60.0).future.result(60.0).directory == model


def test_loading_threads_keep_no_process(model: str, disk: threading.Event) -> None:
    before = set(threading.enumerate())
    loading = model_loading.ModelLoader().start(model, RuntimeConfig(), 60.0)
    own = set(threading.enumerate()) - before
    assert len(own) == 2  # one loads, one looks at the time
    assert all(thread.daemon for thread in own)
    disk.set()
    assert loading.future.result(60.0).directory == model
