# SPDX-License-Identifier: Apache-2.0
"""The camera node over DDS, in this process and as the installed command."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rclpy.exceptions import ParameterException
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from helpers.observer import Observer
from helpers.pictures import CAMERA, frames, picture, write_image
from llmseg_ros.camera.camera_frame import CameraFrame, SourceError
from llmseg_ros.camera.camera_model import CameraModel
from llmseg_ros.camera.camera_node import CameraNode
from llmseg_ros.camera.image_sources import ImageFiles
from llmseg_ros.camera.recording_writer import write_recording
from llmseg_ros.messages.conversions import image_to_rgb

SCRIPT = Path(__file__).parents[3] / "scripts" / "llmseg_camera"
RELIABLE = QoSProfile(depth=20, reliability=ReliabilityPolicy.RELIABLE)


class Received:
    """The messages of one camera."""

    def __init__(self, observer: Observer, qos: QoSProfile = RELIABLE) -> None:
        self.images: list[Image] = []
        self.infos: list[CameraInfo] = []
        observer.node.create_subscription(Image, "image", self.images.append, qos)
        observer.node.create_subscription(CameraInfo, "camera_info", self.infos.append, qos)


def start_camera(observer: Observer, **parameters: Any) -> CameraNode:
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    node = CameraNode(parameter_overrides=overrides)
    observer.add_node(node)
    return node


@contextmanager
def camera_process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "--ros-args", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images."""
    for i in range(2):
        write_image(tmp_path / f"{i}.png", picture(i))
    return tmp_path


def test_images_with_their_calibration(observer: Observer, folder: Path) -> None:
    received = Received(observer)
    before = observer.node.get_clock().now().nanoseconds
    start_camera(observer, source=str(folder), rate_hz=50.0, field_of_view_deg=80.0)
    observer.wait_until(lambda: len(received.images) >= 5 and len(received.infos) >= 5)

    for image in received.images:
        assert (image.encoding, image.height, image.width) == ("rgb8", 48, 64)
        assert image.header.frame_id == "camera_optical_frame"
        stamp = image.header.stamp.sec * 10**9 + image.header.stamp.nanosec
        assert before < stamp < observer.node.get_clock().now().nanoseconds
    # Looped: the images alternate.
    first, second = (image_to_rgb(image) for image in received.images[:2])
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(image_to_rgb(received.images[2]), first)

    expected = CameraModel.from_field_of_view(48, 64, 80.0)
    for image, info in zip(received.images, received.infos, strict=False):
        assert info.header == image.header
        assert CameraModel.from_message(info) == expected


@pytest.mark.parametrize("qos", [RELIABLE, qos_profile_sensor_data])
def test_reaches_reliable_and_best_effort_subscriptions(
    observer: Observer, folder: Path, qos: QoSProfile
) -> None:
    received = Received(observer, qos)
    start_camera(observer, source=str(folder), rate_hz=50.0)
    observer.wait_until(lambda: bool(received.images) and bool(received.infos))


def test_recording_with_its_own_stamps(observer: Observer, tmp_path: Path) -> None:
    write_recording(tmp_path / "bag", frames(), jpeg_quality=None)
    received = Received(observer)
    camera = start_camera(
        observer, source=str(tmp_path / "bag"), recorded_stamps=True, rate_hz=50.0
    )
    observer.wait_until(lambda: len(received.images) >= 6 and len(received.infos) >= 6)
    assert camera.get_parameter("rate_hz").value == 50.0
    by_stamp = {frame.stamp_ns: frame for frame in frames()}
    for image, info in zip(received.images, received.infos, strict=False):
        stamp = image.header.stamp.sec * 10**9 + image.header.stamp.nanosec
        np.testing.assert_array_equal(image_to_rgb(image), by_stamp[stamp].rgb)
        assert CameraModel.from_message(info) == CAMERA


def test_frame_id_is_a_parameter(observer: Observer, folder: Path) -> None:
    received = Received(observer)
    start_camera(observer, source=str(folder), frame_id="left_eye", rate_hz=50.0)
    observer.wait_until(lambda: bool(received.images))
    assert received.images[0].header.frame_id == "left_eye"


def test_rate_can_be_changed_at_run_time(observer: Observer, folder: Path) -> None:
    received = Received(observer)
    camera = start_camera(observer, source=str(folder), rate_hz=0.5)
    observer.spin_for(0.5)
    assert not received.images
    (result,) = camera.set_parameters([Parameter("rate_hz", value=100.0)])
    assert result.successful
    observer.wait_until(lambda: len(received.images) >= 10, timeout=5.0)


def test_rates_at_the_edge(observer: Observer, folder: Path) -> None:
    received = Received(observer)
    camera = start_camera(observer, source=str(folder), rate_hz=3)  # an integer is a number
    assert camera.get_parameter("rate_hz").value == 3.0
    for value in (1e-308, 5e-324, 1e-12, 1):
        (result,) = camera.set_parameters([Parameter("rate_hz", value=value)])
        assert result.successful
        observer.spin_for(0.02)
    (result,) = camera.set_parameters([Parameter("rate_hz", value=1000)])
    assert result.successful
    observer.wait_until(lambda: len(received.images) >= 3, timeout=5.0)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("rate_hz", float("nan"), "nan"),
        ("rate_hz", float("inf"), "inf"),
        ("rate_hz", "fast", "Wrong parameter type"),
        ("rate_hz", None, "cannot be"),
        ("nobody_knows", 1, "nobody_knows"),
        ("rate_hz", -1.0, "rate_hz"),
        ("rate_hz", 1e6, "rate_hz"),
        ("loop", False, "read-only"),
        ("source", "elsewhere", "read-only"),
    ],
)
def test_refused_changes(
    observer: Observer, folder: Path, name: str, value: Any, reason: str
) -> None:
    camera = start_camera(observer, source=str(folder))
    before = camera.get_parameter_or(name).value
    (result,) = camera.set_parameters([Parameter(name, value=value)])
    assert not result.successful
    assert reason in result.reason
    assert camera.get_parameter_or(name).value == before


def test_every_parameter_is_described(observer: Observer, folder: Path) -> None:
    camera = start_camera(observer, source=str(folder))
    own = set(camera.get_parameters_by_prefix("")) - {
        "use_sim_time",
        "start_type_description_service",
    }
    own = {name for name in own if not name.startswith("qos_overrides")}
    assert own == {
        "depth_source", "field_of_view_deg", "frame_id", "image_topic", "loop", "rate_hz",
        "recorded_stamps", "source", "wait_for_subscriber",
    }  # fmt: skip
    assert all(camera.describe_parameter(name).description for name in own)


@pytest.mark.parametrize(
    ("parameters", "error", "expected"),
    [
        ({"source": ""}, SourceError, "no source given"),
        ({"source": "nowhere"}, SourceError, "no such file or folder: 'nowhere'"),
        ({"source": "99"}, SourceError, "cannot open the webcam 99"),
        ({"source": 99}, SourceError, "cannot open the webcam 99"),
        ({"rate_hz": -1.0}, ParameterException, "rate_hz"),
        ({"loop": "often"}, ParameterException, "loop"),
    ],
)
def test_refused_at_start(
    ros: None, parameters: dict[str, Any], error: type[Exception], expected: str
) -> None:
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    with pytest.raises(error, match=expected):
        CameraNode(parameter_overrides=overrides)


def test_nothing_readable_ends_with_an_error(observer: Observer, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_text("no image")
    camera = start_camera(observer, source=str(tmp_path), rate_hz=50.0)
    observer.wait_until(camera.finished.done)
    assert isinstance(camera.finished.exception(), SourceError)
    assert "not one readable image" in str(camera.finished.exception())


def test_command_plays_once_and_ends(observer: Observer, folder: Path) -> None:
    write_image(folder / "2.png", picture(2))
    received = Received(observer)
    once = ("-p", "loop:=false", "-p", "wait_for_subscriber:=true", "-p", "rate_hz:=5.0")
    with camera_process("-p", f"source:={folder}", *once) as process:
        observer.wait_until(lambda: len(received.images) == 3)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "end of the source" in output
    for i, image in enumerate(received.images):
        np.testing.assert_array_equal(image_to_rgb(image), picture(i))


def test_command_names_a_broken_image(observer: Observer, folder: Path) -> None:
    (folder / "0.png").write_text("no image")
    with camera_process(
        "-p", f"source:={folder}", "-p", "loop:=false", "-p", "rate_hz:=20.0"
    ) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"skipped '{folder / '0.png'}': not a readable image" in output


def test_command_limits_what_it_says_of_broken_images(folder: Path) -> None:
    for number in range(100, 400):
        (folder / f"{number}.png").write_text("no image")
    with camera_process(
        "-p", f"source:={folder}", "-p", "loop:=false", "-p", "rate_hz:=20"
    ) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.count("not a readable image") == 1
    assert "300 of its images were skipped" in output


def test_an_image_that_cannot_be_published_is_left_out(
    observer: Observer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = Received(observer)
    camera = start_camera(observer, source=str(folder), rate_hz=50.0)
    header = camera._header

    def fail_for_the_first(frame: CameraFrame) -> Header:
        if frame.name == "0.png":
            raise OverflowError("a stamp beyond the end of time")
        return header(frame)

    monkeypatch.setattr(camera, "_header", fail_for_the_first)
    received.images.clear()
    observer.wait_until(lambda: len(received.images) >= 5)
    for image in received.images[2:]:
        np.testing.assert_array_equal(image_to_rgb(image), picture(1))
    assert camera.errors.last is not None
    assert "image 0.png: OverflowError: a stamp beyond" in camera.errors.last.text


def test_a_reader_that_breaks_ends_with_one_line(
    observer: Observer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterator[CameraFrame]:
        raise KeyError("unknown")
        yield

    monkeypatch.setattr(ImageFiles, "__iter__", broken)
    camera = start_camera(observer, source=str(folder), rate_hz=50.0)
    observer.wait_until(camera.finished.done)
    with pytest.raises(SourceError, match="the source cannot be read: KeyError: 'unknown'"):
        camera.finished.result()


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("source:=/nowhere", "no such file or folder: '/nowhere'"),
        ("rate_hz:=fast", "rate_hz"),
        ("rate_hz:=-3.0", "rate_hz"),
    ],
)
def test_command_with_bad_parameters(argument: str, expected: str) -> None:
    with camera_process("-p", argument) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert expected in output
    assert "Traceback" not in output


def test_command_ends_at_ctrl_c(observer: Observer, folder: Path) -> None:
    received = Received(observer)
    with camera_process("-p", f"source:={folder}", "-p", "rate_hz:=20.0") as process:
        observer.wait_until(lambda: bool(received.images))
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in output
