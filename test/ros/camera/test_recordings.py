# SPDX-License-Identifier: Apache-2.0
"""Recordings of robots: several topics, cut and edited files, other encodings, calibrations."""

from __future__ import annotations

import array
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header, String

from helpers.pictures import SECOND, frames, picture, write_image
from llmseg_ros.camera.camera_frame import SourceError
from llmseg_ros.camera.camera_model import CameraModel
from llmseg_ros.camera.image_sources import open_source
from llmseg_ros.camera.recording import images_a_second
from llmseg_ros.camera.recording_writer import write_recording
from llmseg_ros.messages.conversions import rgb_to_image

TYPES = get_typestore(Stores.LATEST)
INFO = CameraInfo(
    header=Header(frame_id="recorded"),
    height=960,
    width=1280,
    distortion_model="equidistant",
    d=[0.1, 0.2, 0.3, 0.4],
    k=[float(value) for value in range(1, 10)],
    r=[float(value) for value in range(11, 20)],
    p=[float(value) for value in range(21, 33)],
    binning_x=2,
    binning_y=3,
    roi=RegionOfInterest(x_offset=8, y_offset=16, height=480, width=640, do_rectify=True),
)


def write(
    folder: Path, messages: dict[str, Sequence[tuple[int, Any]]], storage: str = "MCAP"
) -> Path:
    """A recording of (time in ns, message) by topic; a message may be serialized already."""
    with Writer(folder, version=8, storage_plugin=StoragePlugin[storage]) as writer:
        for topic, timed in messages.items():
            kind = next((type(msg) for _, msg in timed if not isinstance(msg, bytes)), Image)
            package = kind.__module__.split(".")[0]
            name = f"{package}/msg/{kind.__name__}"
            connection = writer.add_connection(topic, name, typestore=TYPES)
            for time, msg in timed:
                data = msg if isinstance(msg, bytes) else serialize_message(msg)
                writer.write(connection, time, data)
    return folder


def image(value: int = 7) -> Image:
    return rgb_to_image(np.full((4, 5, 3), value, np.uint8), Header(frame_id="eye"))


def compressed(format_text: str, pixels: np.ndarray, head: bytes = b"") -> CompressedImage:
    ok, data = cv2.imencode(".png", pixels)
    assert ok
    return CompressedImage(format=format_text, data=array.array("B", head + data.tobytes()))


def test_a_topic_of_a_type_that_nobody_knows(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    write_recording(bag, frames(), storage="sqlite3")
    with sqlite3.connect(bag / "bag.db3") as database:
        database.execute(
            "INSERT INTO message_definitions(topic_type, encoding, encoded_message_definition,"
            " type_description_hash) VALUES('my_msgs/msg/Foo', 'unknown', '', '')"
        )
        database.execute(
            "INSERT INTO topics(name, type, serialization_format, offered_qos_profiles,"
            " type_description_hash) VALUES('/foo', 'my_msgs/msg/Foo', 'cdr', '', '')"
        )
    assert len(list(open_source(str(bag), "", pytest.fail))) == 3


def test_definitions_in_the_recording_are_not_needed(tmp_path: Path) -> None:
    """Those of images are the same in every ROS 2, and those of others may be wrong."""
    bag = tmp_path / "bag"
    write_recording(bag, frames(), storage="sqlite3")
    with sqlite3.connect(bag / "bag.db3") as database:
        database.execute("UPDATE message_definitions SET encoded_message_definition = 'uint8 a'")
    assert len(list(open_source(str(bag), "", pytest.fail))) == 3


def test_damaged_messages_are_skipped_and_named(tmp_path: Path) -> None:
    whole = serialize_message(image())
    damaged = [b"", b"\0\1", whole[:40], whole[:8] + b"\xff" * 40 + whole[48:], b"\xa5" * 100]
    messages = [(number * SECOND, data) for number, data in enumerate([*damaged, whole])]
    messages.insert(0, (0, image(9)))
    problems: list[str] = []
    source = open_source(str(write(tmp_path / "bag", {"/image": messages})), "", problems.append)
    assert [int(frame.rgb[0, 0, 0]) for frame in source] == [9, 7]
    assert len(problems) == len(damaged)
    for number, problem in enumerate(problems, 1):
        assert problem.startswith(f"skipped message {number} of /image in '{tmp_path / 'bag'}': ")
        assert "\n" not in problem


def test_what_is_lost_is_said_when_it_is_opened(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    write_recording(bag, frames(), jpeg_quality=None)
    (bag / "metadata.yaml").unlink()
    file = bag / "bag.mcap"
    data = file.read_bytes()
    file.write_bytes(data[: len(data) * 3 // 5])
    problems: list[str] = []
    assert 0 < len(list(open_source(str(bag), "", problems.append))) < 3
    assert len(problems) == 1
    assert f"'{file}': it was not closed" in problems[0]


def test_the_recorded_calibration_is_played_whole(tmp_path: Path) -> None:
    messages = {"/eye/image": [(SECOND, image())], "/eye/camera_info": [(SECOND, INFO)]}
    (frame,) = open_source(str(write(tmp_path / "bag", messages)), "", pytest.fail)
    assert frame.camera is not None
    header = Header(frame_id="ours")
    played = frame.camera.to_message(header)
    assert played.header == header
    fields = set(CameraInfo.get_fields_and_field_types()) - {"header"}
    assert all(np.array_equal(getattr(played, name), getattr(INFO, name)) for name in fields)
    # Each of these differs from the default, so that none of them can be forgotten.
    assert all(not np.array_equal(getattr(INFO, n), getattr(CameraInfo(), n)) for n in fields)
    assert CameraModel.from_message(played) == frame.camera


def test_each_image_has_the_calibration_of_its_time(tmp_path: Path) -> None:
    """As where somebody zooms, or the region that is read out moves."""
    zoomed = CameraInfo(height=1, width=2, d=[0.0], k=[5.0] * 9)
    infos: list[tuple[int, Any]] = [(0, INFO), (2 * SECOND, b"\0\1\0\0"), (4 * SECOND, zoomed)]
    images = [(number * SECOND + 5, image()) for number in range(6)]
    problems: list[str] = []
    messages = {"/image": images, "/camera_info": infos}
    source = open_source(str(write(tmp_path / "bag", messages)), "", problems.append)
    cameras = [frame.camera for frame in source]
    assert [camera.width for camera in cameras if camera] == [1280, 1280, 1280, 2, 2, 2]
    assert len(problems) == 2
    assert "calibration" in problems[0]


@pytest.mark.parametrize("topic", ["/eye/image/compressed", "/eye/image/compressedDepth"])
def test_a_calibration_beside_every_transport(tmp_path: Path, topic: str) -> None:
    grey = np.full((4, 5), 257, np.uint16)
    name, head = ("16UC1; compressedDepth png", bytes(12)) if "Depth" in topic else ("png", b"")
    messages = {
        topic: [(SECOND, compressed(name, grey, head))],
        "/eye/camera_info": [(SECOND, INFO)],
    }
    (frame,) = open_source(str(write(tmp_path / "bag", messages)), "", pytest.fail)
    assert frame.camera is not None
    assert (frame.rgb == 1).all()


def test_depth_is_played_only_where_it_is_asked_for(tmp_path: Path) -> None:
    colour = np.full((4, 5, 3), (1, 2, 3), np.uint8)
    depth = compressed("16UC1; compressedDepth png", np.full((4, 5), 514, np.uint16), bytes(12))
    messages = {
        "/colour/compressed": [(0, compressed("rgb8; png compressed bgr8", colour))],
        "/depth/compressedDepth": [(0, depth)],
    }
    bag = str(write(tmp_path / "bag", messages))
    (frame,) = open_source(bag, "", pytest.fail)
    assert frame.rgb[0, 0].tolist() == [3, 2, 1]
    (frame,) = open_source(bag, "/depth/compressedDepth", pytest.fail)
    assert frame.rgb[0, 0].tolist() == [2, 2, 2]


def test_a_compressed_mosaic_is_played_in_colour(tmp_path: Path) -> None:
    mosaic = np.tile(np.array([[200, 90], [90, 30]], np.uint8), (4, 4))
    msg = compressed("bayer_rggb8; png compressed ", mosaic)
    bag = write(tmp_path / "bag", {"/image/compressed": [(0, msg)]})
    (frame,) = open_source(str(bag), "", pytest.fail)
    assert frame.rgb[4, 4].tolist() == [200, 90, 30]


def test_the_rate_is_the_images_own(tmp_path: Path) -> None:
    images = [(number * SECOND // 10, image()) for number in range(20)]
    texts = [(number * SECOND, String(data="slow")) for number in range(61)]
    source = open_source(str(write(tmp_path / "bag", {"/i": images, "/t": texts})), "", pytest.fail)
    assert source.rate_hz == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("times_s", "rate_hz"),
    [
        ([], None),
        ([1.0], None),
        ([1.0, 1.0, 1.0], None),
        ([0.0, 0.5, 1.0], 2.0),
        ([0.0, 0.5, 1.0, 3601.0, 3601.5, 3602.0], 2.0),  # somebody paused
        ([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], 7.0),  # written in bursts
    ],
)
def test_rates(times_s: list[float], rate_hz: float | None) -> None:
    rate = images_a_second([int(time * SECOND) for time in times_s])
    assert rate == (None if rate_hz is None else pytest.approx(rate_hz))


def test_names_of_topics(tmp_path: Path) -> None:
    bag = str(write(tmp_path / "a", {"/left": [(0, image(1))], "/right": [(0, image(2))]}))
    for name in ("/right", "right"):
        (frame,) = open_source(bag, name, pytest.fail)
        assert (frame.rgb == 2).all()
    with pytest.raises(SourceError, match=r"no image topic 'middle' .* has /left, /right"):
        open_source(bag, "middle", pytest.fail)
    bag = str(write(tmp_path / "b", {"/t": [(0, String())], "/i": [(0, INFO)]}))
    with pytest.raises(SourceError, match=r"no image topic in the recording") as error:
        open_source(bag, "", pytest.fail)
    assert "/i (sensor_msgs/msg/CameraInfo), /t (std_msgs/msg/String)" in str(error.value)
    bag = str(write(tmp_path / "c", {}))
    with pytest.raises(SourceError, match="which has no topics at all: an image topic is"):
        open_source(bag, "", pytest.fail)


def test_what_is_no_recording_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "walk.bag").write_bytes(b"#ROSBAG V2.0\n")
    with pytest.raises(SourceError, match=r"ROS 1 bag, convert it: rosbags-convert --src walk"):
        open_source(str(tmp_path / "walk.bag"), "", pytest.fail)
    write_recording(tmp_path / "bag", frames())
    with pytest.raises(SourceError, match=r"one of the recordings in it: bag, walk\.bag"):
        open_source(str(tmp_path), "", pytest.fail)


def test_hidden_files_beside_images_are_left_out(tmp_path: Path) -> None:
    write_image(tmp_path / "x.png", picture(1))
    write_image(tmp_path / ".hidden.png", picture(2))
    (tmp_path / "._x.png").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    assert [frame.name for frame in open_source(str(tmp_path), "", pytest.fail)] == ["x.png"]
    assert len(list(open_source(str(tmp_path / ".hidden.png"), "", pytest.fail))) == 1
