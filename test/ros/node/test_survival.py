# SPDX-License-Identifier: Apache-2.0
"""No message, parameter or file ends the node's process: hostile ones, then a plain question."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.time import Time
from sensor_msgs.msg import Image
from std_msgs.msg import String

from helpers.node_process import NodeProcess
from helpers.observer import Observer
from helpers.programs import NODE, programs
from helpers.segmentation_rig import image_message
from helpers.small_model import save_small_model
from llmseg_ros.msg import SegmentationResult
from llmseg_ros.node.parameters import NODE_PARAMETERS
from llmseg_ros.node.selection_parameters import SELECTION_NAMES
from llmseg_ros.srv import Segment
from reliability.cases import case_random
from reliability.node_checks import NODE_CHECKS, logged_classes
from reliability.soak import Soak, soak_node

NAMES = [*(spec.name for spec in NODE_PARAMETERS), *SELECTION_NAMES]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return directory


@pytest.fixture
def node(observer: Observer, model: Path, tmp_path: Path) -> Iterator[NodeProcess]:
    with programs(tmp_path) as start:
        yield NodeProcess(observer, start(*NODE, "--ros-args", "-p", f"model:={model}"))


def broken_models(model: Path, folder: Path) -> Iterator[str]:
    """Names of what is no model: half copied, foreign, or nothing at all."""
    contents = ["", "[]", "- a\n- b\n", "3", "null", "{", "sam: [1]", "sam: {a: b}", "\0\1\2"]
    contents += ["method: 3", "selection: []", "proposals: 7", "? [1, 2]\n: 3\n"]
    for number, content in enumerate(contents):
        copy = Path(shutil.copytree(model, folder / f"broken_{number}"))
        (copy / "llmseg.yaml").write_text(content)
        yield str(copy)
    fifo = folder / "fifo"
    fifo.mkdir()
    os.mkfifo(fifo / "llmseg.yaml")
    yield from (str(fifo), str(model / "llmseg.yaml"), "", "/", "~", "\u2603" * 5000, "a\nb")


def test_nothing_ends_the_process(node: NodeProcess, model: Path, tmp_path: Path) -> None:
    send_bad_parameters(node, model, tmp_path)
    node.assert_works(2)
    send_bad_messages(node)
    node.assert_works(3)
    assert len(node.program.output.splitlines()) < 300
    assert node.program.output.count("~/segment has no result: unknown encoding") == 1
    assert node.program.output.count("Traceback") == 1  # rclpy's own, of a parameter's odd type

    send_malformed(node)
    node.assert_works(4)
    assert set(logged_classes(node.program.output).values()) == {1}
    soak(node)

    # Nothing can come of a finalized node, so its process ends; not before its state was read.
    shutdown = ChangeState.Request()
    shutdown.transition.label = "shutdown"
    assert node.call(ChangeState, "change_state", shutdown).success
    state = node.call(GetState, "get_state", GetState.Request()).current_state
    assert state.label == "finalized"
    assert node.program.end() == 0


def answer_on(node: NodeProcess, image: Image) -> SegmentationResult:
    """The answer on an image, which is sent until one comes: its topic is best effort."""
    node.instruct("mug")

    def answers() -> list[SegmentationResult]:
        node.images.publish(image)
        node.observer.spin_for(0.05)
        return [result for result in node.results if result.header.stamp == image.header.stamp]

    node.observer.wait_until(lambda: bool(answers()))
    return answers()[-1]


def send_malformed(node: NodeProcess) -> None:
    """Some of each kind of `make fuzz`."""
    damaged = Path(node.get("model").string_value).with_name("damaged")
    shutil.copytree(damaged.with_name("small"), damaged)
    for kind, check in NODE_CHECKS.items():
        checked = check(node)
        cases = [checked.generate(case_random(0, kind, number)) for number in range(40)]
        checked.try_all(cases[:20])
        checked.try_all(cases[20:])
        assert node.is_alive(), kind


def soak(node: NodeProcess) -> None:
    """Some hundred frames of `make soak`: all that came are accounted for."""
    assert node.set("following", "off").successful
    result = Soak()
    soak_node(result, node, 3.0, 60.0, (24, 32))
    assert result.sent > 100
    assert result.counts["frames received"] > 20  # best effort; make soak lets none be lost
    assert len(result.answered) > 2
    assert (result.unaccounted, result.counts["failures"]) == (0, 0)
    assert result.calls == result.calls_answered == 1
    report = result.report()
    assert report["frames answered"] == len(result.answered)
    assert report["age of an answer [ms]"]["median"] > 0
    assert report["RSS [MB]"]["at the end"] > 50


def send_bad_parameters(node: NodeProcess, model: Path, tmp_path: Path) -> None:
    for name in broken_models(model, tmp_path):
        result = node.set("model", name)
        assert not result.successful, name
        assert result.reason
    assert node.get("model").string_value == str(model)

    # A mutated configuration may be one; what is wrong may be seen while it is loaded. In any case
    # the former model can be had again.
    lines = (model / "llmseg.yaml").read_text().splitlines()
    choose = random.Random(0)
    mutated = Path(shutil.copytree(model, tmp_path / "mutated"))
    for _ in range(10):
        kept = [line for line in lines if choose.random() > 0.1]
        kept.append(choose.choice(["- x", "x: [", "3: 4", "sam: 1", "selection: 5", ""]))
        (mutated / "llmseg.yaml").write_text("\n".join(kept))
        node.set("model", str(mutated))
        assert node.set("model", str(model)).successful

    for name in ("max_rate_hz", "load_timeout_s", "iop_threshold", "min_confidence"):
        for value in (float("nan"), float("inf"), float("-inf")):
            result = node.set(name, value)
            assert not result.successful
            assert str(value) in result.reason
    for name in NAMES:
        before = node.get(name)
        deleted = ParameterMessage(name=name, value=ParameterValue())
        assert not node.set_message(deleted).successful
        for value in ([b"a"], [True], [1, 2], [1000.5], ["a"], 2**62, -1, "\u2603"):
            assert not node.set(name, value).successful
        assert node.get(name) == before
    assert not node.set("nobody_knows", 1).successful

    # An integer is a number, too; and the smallest rates are rates.
    assert node.set("iop_threshold", 0).successful
    assert node.get("iop_threshold").type == ParameterType.PARAMETER_DOUBLE
    for value in (1e-308, 5e-324, 1e-10, 7):
        assert node.set("max_rate_hz", value).successful
        node.instructions.publish(String(data=f"mug {value}"))
        node.images.publish(image_message(1))
        node.observer.spin_for(0.1)
    assert node.get("max_rate_hz").double_value == 7.0
    assert node.set("max_rate_hz", 0).successful


def send_bad_messages(node: NodeProcess) -> None:
    choose = random.Random(1)
    foreign = node.observer.node  # with publishers of its own: Fast DDS blocks them after garbage
    for message_type, topic in ((Image, "image"), (String, "llmseg/instruction")):
        publisher = foreign.create_publisher(message_type, topic, 50)
        node.observer.wait_until(lambda p=publisher: p.get_subscription_count() > 0)
        for length in (4, 5, 17, 400, 0, 1, 3):
            publisher.publish(choose.randbytes(length))
    old = image_message(1)
    old.header.stamp = Time(seconds=2**31 - 1).to_msg()
    old.header.stamp.sec = -5
    assert answer_on(node, old).age_ms > 1.7e12  # since 1969
    node.instructions.publish(String(data="mug " * 250_000))
    node.observer.wait_until(lambda: "has 1000000 characters" in node.program.output)
    too_long = node.call(Segment, "segment", Segment.Request(instruction="mug " * 5_000))
    assert "20000 characters, 10000 at most" in too_long.message

    for transition, label in ((200, ""), (0, "nonsense"), (1, ""), (3, "activate")):
        request = ChangeState.Request()
        request.transition.id, request.transition.label = transition, label
        assert not node.call(ChangeState, "change_state", request).success
    # rclpy's own service raises for this one and gives no answer.
    odd = ParameterMessage(name="model", value=ParameterValue(type=99))
    node.send(SetParameters, "set_parameters", SetParameters.Request(parameters=[odd]))
    node.call(DescribeParameters, "describe_parameters", DescribeParameters.Request(names=["?"]))
    requests = [
        Segment.Request(instruction="mug", image=Image(encoding=f"odd{number}" * number, height=1))
        for number in range(60)
    ]
    futures = [node.send(Segment, "segment", request) for request in requests]  # all at once
    node.observer.wait_until(lambda: all(future.done() for future in futures))
    assert not any(future.result().success for future in futures)
