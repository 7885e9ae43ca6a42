# SPDX-License-Identifier: Apache-2.0
"""Cameras and nodes that are killed, models that are half there, clocks that jump."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rclpy
from rclpy.time import Time
from rosgraph_msgs.msg import Clock

from helpers.node_process import NodeProcess
from helpers.observer import Observer
from helpers.pictures import picture, write_image
from helpers.programs import CAMERA, NODE, programs
from helpers.segmentation_rig import image_message

from .fault import Outcome, Place

__all__ = ["camera_kills", "clock_jumps", "hot_swaps", "node_kills"]

FRAMES = 5
"""answers on new frames after which a stream is said to go on"""


def camera_kills(place: Place) -> Outcome:
    """A camera is killed, and another one comes: the node answers on its frames."""
    outcome = Outcome(note="SIGKILL")
    write_image(place.folder / "0.png", picture(0))
    with _observed() as observer, programs(place.folder) as start:
        node = NodeProcess(observer, start(*NODE, *_model(place)))
        camera = start(*_camera(place.folder / "0.png"))
        for _ in range(place.tries):
            outcome.tries += 1
            try:
                _answers(node, FRAMES)
                camera.kill()
                observer.wait_until(lambda: "came" in node.diagnostics.get("", ""), 20.0)
                camera = start(*_camera(place.folder / "0.png"))
                _answers(node, FRAMES)
                outcome.survived += 1
            except (AssertionError, TimeoutError) as error:
                outcome.failures.append(f"{error}: {node.diagnostics.get('')}")
    return outcome


def node_kills(place: Place) -> Outcome:
    """The node is killed while a camera plays: the next one answers, the camera lives."""
    outcome = Outcome(note="SIGKILL")
    write_image(place.folder / "0.png", picture(0))
    with _observed() as observer, programs(place.folder) as start:
        camera = start(*_camera(place.folder / "0.png"))
        for _ in range(place.tries):
            outcome.tries += 1
            program = start(*NODE, *_model(place))
            node = NodeProcess(observer, program)
            try:
                _answers(node, FRAMES)
                assert camera.is_running(), camera.output
                outcome.survived += 1
            except (AssertionError, TimeoutError) as error:
                outcome.failures.append(str(error))
            program.kill()
            node.close()
    return outcome


def hot_swaps(place: Place) -> Outcome:
    """Directories that are being copied are set as model, file by file, while frames come."""
    outcome = Outcome(note="files missing, cut or of another model")
    good = place.model
    files = [path.relative_to(good) for path in sorted(good.rglob("*")) if path.is_file()]
    with _observed() as observer, programs(place.folder) as start:
        node = NodeProcess(observer, start(*NODE, *_model(place)))
        for number in range(place.tries):
            outcome.tries += 1
            copy = place.folder / f"copy_{number}"
            for path in place.choose.sample(files, place.choose.randrange(len(files) + 1)):
                (copy / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(good / path, copy / path)
            if place.choose.random() < 0.6:  # all there, one of them cut
                shutil.copytree(good, copy, dirs_exist_ok=True)
                path = copy / place.choose.choice(files)
                content = path.read_bytes()
                path.write_bytes(content[: place.choose.randrange(len(content))])
            try:
                refused = _swapped(node, copy)
                node.assert_works(2 + number)
                shutil.copytree(good, copy, dirs_exist_ok=True)
                assert not _swapped(node, copy), "a whole directory was refused"
                node.assert_works(2 + number)
                outcome.refused += refused
                outcome.survived += not refused
            except (AssertionError, TimeoutError) as error:
                outcome.failures.append(f"{error} ({node.program.output[-200:]})")
                if not node.program.is_running():
                    return outcome
            shutil.rmtree(copy, ignore_errors=True)
    return outcome


def clock_jumps(place: Place) -> Outcome:
    """Simulated time and the stamps of images jump to and fro."""
    outcome = Outcome(note="/clock and stamps, from 1968 to 2038")
    with _observed() as observer, programs(place.folder) as start:
        node = NodeProcess(observer, start(*NODE, *_model(place), "-p", "use_sim_time:=true"))
        clock = observer.node.create_publisher(Clock, "/clock", 10)
        observer.wait_until(lambda: clock.get_subscription_count() > 0)
        for _ in range(place.tries):
            outcome.tries += 1
            now_s = place.choose.choice((0, 1, 10**6, 1_700_000_000, 2**31 - 1))
            stamp_s = place.choose.choice((-(2**31), -5, 0, 7, 1_700_000_000, 2**31 - 1))
            clock.publish(Clock(clock=Time(seconds=now_s).to_msg()))
            try:
                node.diagnostics = {}
                _answer_on(node, stamp_s)
                observer.wait_until(lambda: bool(node.diagnostics), 10.0)
                outcome.survived += 1
            except (AssertionError, TimeoutError) as error:
                outcome.failures.append(f"clock {now_s}, stamp {stamp_s}: {error}")
    return outcome


@contextmanager
def _observed() -> Iterator[Observer]:
    rclpy.init()
    observer = Observer()
    try:
        yield observer
    finally:
        observer.close()
        rclpy.try_shutdown()


def _model(place: Place) -> list[str]:
    return ["--ros-args", "-p", f"model:={place.model}", "-p", "threads:=1"]


def _camera(source: Path) -> list[str]:
    return [*CAMERA, "--ros-args", "-p", f"source:={source}", "-p", "rate_hz:=10.0"]


def _answers(node: NodeProcess, count: int) -> None:
    """Waits for answers on new frames."""
    node.results.clear()

    def is_answered() -> bool:
        assert node.program.is_running(), "the node's process has ended"
        node.instruct("mug")
        node.observer.spin_for(0.1)
        stamps = {(r.header.stamp.sec, r.header.stamp.nanosec) for r in node.results}
        return len(stamps) >= count

    node.observer.wait_until(is_answered, 60.0)


def _answer_on(node: NodeProcess, stamp_s: int) -> None:
    """Waits for an answer on an image of this stamp."""
    message = image_message(1)
    message.header.stamp.sec = stamp_s
    node.results.clear()

    def is_answered() -> bool:
        assert node.program.is_running(), "the node's process has ended"
        node.instruct("mug")
        node.images.publish(message)
        node.observer.spin_for(0.1)
        return any(result.header.stamp.sec == stamp_s for result in node.results)

    node.observer.wait_until(is_answered, 30.0)


def _swapped(node: NodeProcess, directory: Path) -> bool:
    """Sets the model; whether it was refused, at once or when it was loaded, with a reason."""
    result = node.set("model", str(directory))
    if not result.successful:
        assert result.reason, "refused without a reason"
        return True
    node.diagnostics = {}

    def is_decided() -> bool:
        values = node.diagnostics
        return bool(values) and not values["loading model"]

    node.observer.wait_until(is_decided, 60.0)
    if node.diagnostics["model"] == str(directory):
        return False
    assert str(directory) in node.diagnostics["last error"], node.diagnostics
    return True
