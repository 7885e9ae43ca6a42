# SPDX-License-Identifier: Apache-2.0
"""The camera's sources, played from real files, videos and recordings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from rclpy.serialization import serialize_message
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import Image

from helpers.pictures import CAMERA, SECOND, frames, picture, write_image
from llmseg_ros.camera.camera_frame import CameraFrame, SourceError
from llmseg_ros.camera.camera_model import CameraModel
from llmseg_ros.camera.image_sources import Capture, ImageFiles, open_source
from llmseg_ros.camera.recording import RecordedImages, camera_info_topic
from llmseg_ros.camera.recording_writer import write_recording


def test_folder_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        write_image(tmp_path / f"view{number}.png", picture(number))
    (tmp_path / "notes.txt").write_text("not an image")
    problems: list[str] = []
    source = open_source(str(tmp_path), "", problems.append)
    assert isinstance(source, ImageFiles)
    assert source.rate_hz is None
    for _ in range(2):  # each pass starts over
        played = list(source)
        assert [frame.name for frame in played] == ["view1.png", "view2.png", "view10.png"]
        for frame, number in zip(played, (1, 2, 10), strict=True):
            np.testing.assert_array_equal(frame.rgb, picture(number))
            assert frame.stamp_ns is frame.frame_id is frame.camera is None
    assert problems == []


def test_single_grey_image(tmp_path: Path) -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    cv2.imwrite(str(tmp_path / "grey.PNG"), grey)
    (frame,) = open_source(str(tmp_path / "grey.PNG"), "", pytest.fail)
    np.testing.assert_array_equal(frame.rgb, np.stack([grey] * 3, axis=-1))


def test_broken_image_is_named_and_skipped(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", picture(1))
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:20])
    (tmp_path / "c.jpg").touch()
    write_image(tmp_path / "d.png", picture(2))
    problems: list[str] = []
    names = [frame.name for frame in open_source(str(tmp_path), "", problems.append)]
    assert names == ["a.png", "d.png"]
    assert len(problems) == 2
    assert str(tmp_path / "b.png") in problems[0]
    assert str(tmp_path / "c.jpg") in problems[1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "no source given"),
        ("nowhere", "no such file or folder: 'nowhere'"),
        ("walk.bag", "rosbags-convert --src walk.bag --dst walk"),
        ("empty", "no images in the folder 'empty'.*.png"),
        ("broken.mp4", "cannot open the video 'broken.mp4'"),
        ("garbage.mcap", "cannot read the recording 'garbage.mcap'"),
        ("garbage.db3", "cannot read the recording 'garbage.db3'"),
        ("broken_bag", "cannot read the recording 'broken_bag'"),
    ],
)
def test_what_is_no_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    for garbage in ("walk.bag", "garbage.mcap", "garbage.db3", "broken.mp4"):
        Path(garbage).write_bytes(b"neither recording nor video" * 100)
    Path("broken_bag").mkdir()
    Path("broken_bag/metadata.yaml").write_text("rosbag2_bagfile_information: {version: 5}\n")
    with pytest.raises(SourceError, match=expected):
        list(open_source(name, "", pytest.fail))


def test_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_image(tmp_path / "a.png", picture(1))
    assert len(list(open_source("~/a.png", "", pytest.fail))) == 1


def test_video(tmp_path: Path) -> None:
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    for i in range(4):
        writer.write(cv2.cvtColor(picture(i), cv2.COLOR_RGB2BGR))
    writer.release()
    source = open_source(str(path), "", pytest.fail)
    assert source.rate_hz == pytest.approx(25.0)
    for _ in range(2):
        played = list(source)
        assert [frame.name for frame in played] == [f"frame {i}" for i in range(4)]
        for i, frame in enumerate(played):
            assert np.abs(frame.rgb.astype(int) - picture(i)).mean() < 5


def test_webcam_that_is_not_there() -> None:
    source = open_source("99", "", pytest.fail)
    assert source == Capture(99)
    with pytest.raises(SourceError, match="cannot open the webcam 99"):
        next(iter(source))


@pytest.mark.parametrize("jpeg_quality", [95, None])
@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_recording_comes_back(tmp_path: Path, storage: str, jpeg_quality: int | None) -> None:
    folder = tmp_path / "bag"
    written = frames()
    assert write_recording(folder, written, storage=storage, jpeg_quality=jpeg_quality) == 3
    suffix = {"mcap": ".mcap", "sqlite3": ".db3"}[storage]
    (storage_file,) = folder.glob(f"*{suffix}")
    for path in (folder, storage_file):
        source = open_source(str(path), "", pytest.fail)
        assert isinstance(source, RecordedImages)
        assert source.image_topic == (
            "/camera/image" if jpeg_quality is None else "/camera/image/compressed"
        )
        assert source.rate_hz == pytest.approx(2.0)
        for _ in range(2):
            played = list(source)
            assert len(played) == 3
            for was, now in zip(written, played, strict=True):
                tolerance = 0 if jpeg_quality is None else 6
                assert np.abs(now.rgb.astype(int) - was.rgb).max() <= tolerance
                assert now.stamp_ns == was.stamp_ns
                assert now.frame_id == "camera_optical_frame"
                assert now.camera == CAMERA


def test_compressed_recording_is_small(tmp_path: Path) -> None:
    raw, compressed = tmp_path / "raw", tmp_path / "compressed"
    write_recording(raw, frames(), jpeg_quality=None)
    write_recording(compressed, frames(), jpeg_quality=90)
    size = {
        folder: sum(file.stat().st_size for file in folder.iterdir())
        for folder in (raw, compressed)
    }
    assert size[compressed] < size[raw] / 2


def test_recording_is_readable_by_others(tmp_path: Path) -> None:
    """With the definitions inside the file, and one calibration per image on the sibling topic."""
    write_recording(tmp_path / "bag", frames(), image_topic="/head/rgb/image_raw", storage="mcap")
    with AnyReader([tmp_path / "bag"]) as reader:
        assert {c.topic: (c.msgtype, c.msgcount) for c in reader.connections} == {
            "/head/rgb/image_raw/compressed": ("sensor_msgs/msg/CompressedImage", 3),
            "/head/rgb/camera_info": ("sensor_msgs/msg/CameraInfo", 3),
        }
        connection, time, data = next(reader.messages())
        msg = reader.deserialize(data, connection.msgtype)
        assert time == msg.header.stamp.sec * SECOND + msg.header.stamp.nanosec == 50 * SECOND


def test_recording_refuses(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="picture 1 has no stamp"):
        write_recording(tmp_path / "a", [CameraFrame(picture(1), "picture 1")])
    with pytest.raises(ValueError, match="jpeg_quality 0 must be 1 to 100"):
        write_recording(tmp_path / "b", frames(), jpeg_quality=0)
    write_recording(tmp_path / "c", frames())
    with pytest.raises(FileExistsError, match="exists already"):
        write_recording(tmp_path / "c", frames())


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("/camera/image", "/camera/camera_info"),
        ("/camera/image/compressed", "/camera/camera_info"),
        ("/image", "/camera_info"),
    ],
)
def test_camera_info_topic(topic: str, expected: str) -> None:
    assert camera_info_topic(topic) == expected


def write_raw_messages(folder: Path, messages: dict[str, list[Image]]) -> None:
    """A sqlite3 recording of raw images only, without any calibration."""
    types = get_typestore(Stores.LATEST)
    with Writer(folder, version=8, storage_plugin=StoragePlugin.SQLITE3) as writer:
        for topic, images in messages.items():
            connection = writer.add_connection(topic, "sensor_msgs/msg/Image", typestore=types)
            for i, image in enumerate(images):
                writer.write(connection, i * SECOND, serialize_message(image))


def mono_message(value: int) -> Image:
    return Image(height=1, width=2, step=2, encoding="mono8", data=[value, value])


def test_recording_with_several_image_topics(tmp_path: Path) -> None:
    messages = {"/left": [mono_message(1)], "/right": [mono_message(2)], "/unused": []}
    write_raw_messages(tmp_path / "bag", messages)
    bag = str(tmp_path / "bag")
    (frame,) = open_source(bag, "/right", pytest.fail)
    assert frame.rgb.tolist() == [[[2, 2, 2], [2, 2, 2]]]
    assert frame.camera is None
    with pytest.raises(SourceError, match="choose one of /left, /right"):
        open_source(bag, "", pytest.fail)
    with pytest.raises(SourceError, match=r"no image topic '/middle' .* has /left, /right"):
        open_source(bag, "/middle", pytest.fail)


def test_recording_without_images(tmp_path: Path) -> None:
    write_raw_messages(tmp_path / "bag", {})
    with pytest.raises(SourceError, match="no image topic in the recording"):
        open_source(str(tmp_path / "bag"), "", pytest.fail)


def test_recorded_message_that_cannot_be_converted(tmp_path: Path) -> None:
    truncated = mono_message(1)
    truncated.step = 4
    write_raw_messages(tmp_path / "bag", {"/image": [truncated, mono_message(5)]})
    problems: list[str] = []
    source = open_source(str(tmp_path / "bag"), "", problems.append)
    (frame,) = source
    assert frame.rgb[0, 0].tolist() == [5, 5, 5]
    assert frame.name == "message 1 of /image"
    (problem,) = problems
    assert "message 0 of /image" in problem
    assert "data too short" in problem


def test_field_of_view() -> None:
    camera = CameraModel.from_field_of_view(480, 640, 90.0)
    assert camera.k[0] == camera.k[4] == pytest.approx(320.0)
    assert (camera.k[2], camera.k[5]) == (319.5, 239.5)
    assert camera.p[:3] == camera.k[:3]
    with pytest.raises(ValueError, match=r"180.0 must be in \(0, 180\)"):
        CameraModel.from_field_of_view(480, 640, 180.0)


def test_sources_need_no_networks() -> None:
    code = (
        "import sys, llmseg_ros.camera.camera_node; "
        "sys.exit(bool({'torch', 'transformers', 'llmseg_core.types', 'rosbags', 'lz4'} "
        "& set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
