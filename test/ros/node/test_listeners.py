# SPDX-License-Identifier: Apache-2.0
"""No work for nobody: images are read and segmented only where somebody wants an answer."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Header

from helpers.observer import Observer
from helpers.segmentation_rig import SegmentationRig, image_message
from helpers.small_model import save_small_model
from llmseg_ros.messages import frame as frame_module
from llmseg_ros.messages.conversions import ImageConversionError, image_to_rgb
from llmseg_ros.messages.frame import Frame, frame_from_message


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return str(directory)


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of the thread that converted, for each image message that was."""
    threads: list[str] = []

    def convert(*arguments: object) -> object:
        threads.append(threading.current_thread().name)
        return image_to_rgb(*arguments)

    monkeypatch.setattr(frame_module, "image_to_rgb", convert)
    return threads


def show_for(rig: SegmentationRig, seconds: float, first: int) -> None:
    for number in range(int(seconds / 0.05)):
        rig.show(image_message(first + number))
        rig.observer.spin_for(0.05)


def test_nothing_is_done_until_somebody_listens(
    observer: Observer, model: str, converted: list[str]
) -> None:
    rig = SegmentationRig(observer, model=model, following="flow", listens=False)
    rig.wait_for_images()
    rig.instruct("mug")
    show_for(rig, 1.5, 1)
    rig.wait_for_diagnostics(DiagnosticStatus.OK, "idle: nobody listens")
    values = rig.wait_for_value("instruction", "mug")
    assert (values["answers"], values["frames dropped"]) == ("0", "0")
    assert int(values["frames received"]) > 0
    assert converted == []

    assert rig.segment("spoon").success  # on the newest image, which is kept
    assert converted == ["llmseg_inference"]
    show_for(rig, 0.5, 100)
    assert converted == ["llmseg_inference"]

    rig.listen()
    rig.wait_for_listener("/llmseg/result")
    rig.show(image_message(200))
    assert rig.result(200).instruction == "mug"
    rig.wait_for_diagnostics(DiagnosticStatus.OK, "segmenting")
    assert set(converted) <= {"llmseg_inference", "llmseg_following"}

    rig.unlisten()
    rig.diagnostics.clear()
    observer.wait_until(lambda: not rig.node.count_subscribers("/llmseg/result"))
    observer.spin_for(0.5)
    done = len(converted)
    show_for(rig, 1.2, 300)
    rig.wait_for_diagnostics(DiagnosticStatus.OK, "idle: nobody listens")
    assert len(converted) == done


def test_always_on_answers_for_nobody(observer: Observer, model: str, converted: list[str]) -> None:
    rig = SegmentationRig(observer, model=model, listens=False)
    rig.wait_for_images()
    rig.instruct("mug")
    rig.show(image_message(1))
    rig.wait_for_diagnostics(DiagnosticStatus.OK, "idle: nobody listens")
    assert rig.set_parameter("always_on", True).successful
    rig.wait_for_value("answers", "1")
    assert converted == ["llmseg_inference"]
    assert not rig.set_parameter("always_on", "yes").successful


def test_an_output_that_fails_keeps_no_other_from_its_answer(
    observer: Observer, model: str
) -> None:
    rig = SegmentationRig(observer, model=model)
    rig.wait_until_connected()
    assert rig.node._channels is not None
    channel = next(iter(rig.node._channels))

    class Broken:
        def is_heard(self) -> bool:
            return True

        def publish(self, answer: object) -> None:
            raise OSError("the wire is cut")

        def destroy(self) -> None:
            pass

    channel._outputs._outputs = (Broken(), *channel._outputs._outputs)
    rig.instruct("mug")
    rig.show(image_message(1))
    rig.result(1)
    rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "publishing: OSError: the wire is cut")
    observer.wait_until(lambda: bool(rig.masks))


def test_a_frame_is_read_once_by_whoever_looks_first() -> None:
    reads: list[int] = []
    entered = threading.Event()

    def read() -> np.ndarray:
        reads.append(1)
        entered.wait(0.2)
        return np.zeros((4, 6, 3), np.uint8)

    frame = Frame(read, Header(), number=3)
    assert not reads
    assert frame.timings_ms == {}
    images: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: images.append(frame.image)) for _ in range(4)]
    for thread in threads:
        thread.start()
    entered.set()
    for thread in threads:
        thread.join()
    assert len(reads) == 1
    assert all(image is images[0] for image in images)
    assert list(frame.timings_ms) == ["convert"]


def fails() -> np.ndarray:
    raise ValueError("no image")


@pytest.mark.parametrize("read", [fails])
def test_a_frame_that_cannot_be_read_says_so_each_time(read: Callable[[], np.ndarray]) -> None:
    frame = Frame(read)
    for _ in range(2):
        with pytest.raises(ValueError, match="no image"):
            _ = frame.image


def test_a_message_that_cannot_be_read_is_refused_before_it_is(converted: list[str]) -> None:
    message = image_message(1)
    message.encoding = "rainbow"
    with pytest.raises(ImageConversionError, match="unknown encoding 'rainbow'"):
        frame_from_message(message)
    frame = frame_from_message(image_message(2, seed=3), 7)
    assert converted == []
    assert (frame.header.stamp.sec, frame.number) == (2, 7)
    assert frame.image.shape == (60, 80, 3)
    assert len(converted) == 1
