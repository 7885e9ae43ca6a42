# SPDX-License-Identifier: Apache-2.0
"""SIGINT and SIGTERM end every program within about a second, whatever it is doing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import String

from helpers.observer import Observer
from helpers.pictures import picture, write_image
from helpers.programs import ASK, CAMERA, COMMAND_LINE, DEMO, NODE, Program, programs
from helpers.segmentation_rig import image_message
from helpers.small_model import save_small_model

INTERRUPT, TERMINATE = signal.SIGINT, signal.SIGTERM
LIMIT_S = 8.0
"""about a second, on a machine that is busy: unloading PyTorch alone has taken five"""

RECORDING = Path(__file__).parents[2] / "llmseg_ros" / "demo" / "recording"
SLOW_NODE = """
import time
from {module} import {owner} as owner
from llmseg_ros.node.__main__ import NODE
def never_done(*arguments):
    print("it hangs", flush=True)
    time.sleep(1000)
owner.{function} = never_done
NODE.run()
"""
SLOW_COMMAND = """
import runpy
import sys
import time
from llmseg_core.methods import method
def never_done(*arguments):
    print("it hangs", flush=True)
    time.sleep(1000)
method.load_method = never_done
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with programs(tmp_path) as start:
        yield start


def node_that_hangs(module: str, owner: str, function: str) -> list[str]:
    """The node, but one function never returns: as if a network drive or a GPU were gone."""
    return [NODE[0], "-c", SLOW_NODE.format(module=module, owner=owner, function=function)]


def parameter(name: str, value: object) -> list[str]:
    return ["--ros-args", "-p", f"{name}:={value}"]


def assert_ends(program: Program, signals: Sequence[signal.Signals], status: int = 0) -> None:
    began = time.monotonic()
    program.send(*signals)
    assert program.end() == status, program.output
    assert time.monotonic() - began < LIMIT_S
    assert "Traceback" not in program.output
    assert "Exception" not in program.output


@pytest.mark.parametrize("signals", [(INTERRUPT,), (TERMINATE,), (INTERRUPT, INTERRUPT)])
def test_while_modules_are_imported(
    start: Start, tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    commands = [
        (NODE, 0),
        (CAMERA + parameter("source", tmp_path), 0),
        ([*ASK, str(RECORDING)], 0),
        ([*DEMO, "--output", str(tmp_path / "demo")], 130),
        ([*COMMAND_LINE, "segment", "image.png", "mug"], 130),
    ]
    for delay_s in (0.0, 0.15):
        for command, status in commands:
            program = start(*command)
            program.wait_until_it_listens()
            time.sleep(delay_s)
            assert_ends(program, signals, status)


def test_at_any_moment_of_importing_pytorch(start: Start) -> None:
    nodes = [start(*NODE) for _ in range(3)]
    for number, node in enumerate(nodes):
        node.wait_until_it_listens()
        time.sleep(0.5 + 0.4 * number)
        assert_ends(node, (INTERRUPT, TERMINATE)[number % 2 :])


def test_while_a_model_is_loaded(start: Start) -> None:
    node = start(*node_that_hangs("llmseg_ros.node", "model_loading", "load_method"))
    node.wait_for("it hangs")
    assert_ends(node, (INTERRUPT, INTERRUPT))


def test_while_a_slow_inference_runs(start: Start, observer: Observer, tmp_path: Path) -> None:
    save_small_model(tmp_path / "model")
    images = observer.node.create_publisher(Image, "image", 5)
    instructions = observer.node.create_publisher(String, "llmseg/instruction", 5)
    hanging = node_that_hangs("llmseg_core.methods.llm_seg", "LLMSegPipeline", "encode_frame")
    values = (*parameter("model", tmp_path / "model"), *parameter("always_on", "true"))
    node = start(*hanging, *values)

    def is_inferring() -> bool:
        instructions.publish(String(data="mug"))
        images.publish(image_message(1))
        observer.spin_for(0.05)
        return "it hangs" in node.output

    node.wait_until(is_inferring)
    names = observer.node.get_node_names
    observer.wait_until(lambda: "llmseg" in names())
    assert_ends(node, (TERMINATE, TERMINATE))
    # It has taken its leave; one that was killed is missed only after many seconds.
    observer.wait_until(lambda: "llmseg" not in names(), timeout=3.0)


def test_a_camera_that_plays_and_one_whose_source_hangs(start: Start, tmp_path: Path) -> None:
    write_image(tmp_path / "0.png", picture(0))
    os.mkfifo(tmp_path / "video.mp4")
    for source, text in ((tmp_path / "0.png", "playing"), (tmp_path / "video.mp4", "")):
        for signals in ((INTERRUPT, INTERRUPT), (TERMINATE,)):
            camera = start(*CAMERA, *parameter("source", source))
            camera.wait_for(text)
            time.sleep(0.0 if text else 1.0)
            assert_ends(camera, signals)


@pytest.mark.parametrize("signals", [(INTERRUPT,), (TERMINATE, TERMINATE)])
def test_while_nobody_answers(start: Start, signals: tuple[signal.Signals, ...]) -> None:
    asking = start(*ASK, str(RECORDING))
    asking.wait_until_it_listens()
    threads = Path(f"/proc/{asking.pid}/task")
    asking.wait_until(lambda: len(list(threads.iterdir())) > 3)  # DDS has begun
    time.sleep(0.3)
    assert_ends(asking, signals)


def test_the_demonstration_takes_its_nodes_along(start: Start, tmp_path: Path) -> None:
    for signals in ((INTERRUPT, INTERRUPT), (TERMINATE,)):
        demo = start(*DEMO, "--output", str(tmp_path / "demo"))
        children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children")
        demo.wait_until(lambda of=children: len(of.read_text().split()) == 2)
        nodes = children.read_text().split()
        assert_ends(demo, signals, 130)
        assert "interrupted" in demo.output
        assert not any(Path(f"/proc/{pid}").exists() for pid in nodes)


def test_the_command_line_while_it_waits(start: Start, tmp_path: Path) -> None:
    """A model that never comes, as from a drive that is gone."""
    image = tmp_path / "image.png"
    write_image(image, picture(0, 8, 8))
    segmenting = start(
        COMMAND_LINE[0], "-c", SLOW_COMMAND, COMMAND_LINE[1], "segment", str(image), "mug"
    )
    segmenting.wait_until(lambda: "it hangs" in segmenting.output)
    assert_ends(segmenting, (INTERRUPT, INTERRUPT), 130)
