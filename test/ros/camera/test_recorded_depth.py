# SPDX-License-Identifier: Apache-2.0
"""Depth that a recording or a folder has, played beside its images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CameraInfo, Image

from helpers.depth import compressed_depth, depth_message, stamped
from helpers.observer import Observer
from helpers.pictures import frames, picture, write_image
from llmseg_ros.camera.camera_frame import DepthImage, SourceError
from llmseg_ros.camera.camera_node import CameraNode
from llmseg_ros.camera.image_sources import open_source
from llmseg_ros.camera.recording_writer import write_recording
from llmseg_ros.messages.conversions import rgb_to_image
from llmseg_ros.messages.depth_conversions import depth_values

MS = 10**6
METRES = np.linspace(0.5, 2.0, 24 * 32, dtype=np.float32).reshape(24, 32)
MILLIMETRES = np.round(1000 * METRES).astype(np.uint16)


@pytest.mark.parametrize("quality", [90, None])
@pytest.mark.parametrize("values", [MILLIMETRES, METRES], ids=["16UC1", "32FC1"])
def test_depth_is_written_and_read_as_it_was(
    tmp_path: Path, values: np.ndarray, quality: int | None
) -> None:
    given = [
        replace(frame, depth=DepthImage(values + number, later_ns=3 * MS))
        for number, frame in enumerate(frames())
    ]
    write_recording(tmp_path / "bag", given, jpeg_quality=quality)
    source = open_source(str(tmp_path / "bag"), "", print)
    is_png = quality is not None and values is MILLIMETRES
    assert source.depth == f"/camera/depth{'/compressedDepth' if is_png else ''}"
    played = list(source)
    assert len(played) == len(given)
    for number, frame in enumerate(played):
        assert frame.depth is not None
        assert frame.depth.values.dtype == values.dtype
        np.testing.assert_array_equal(frame.depth.values, values + number)
        assert (frame.depth.later_ns, frame.depth.frame_id) == (3 * MS, frame.frame_id)
    assert open_source(str(tmp_path / "bag"), source.image_topic, print, "off").depth == ""


def write(folder: Path, depths: dict[str, Image]) -> None:
    """A recording of one colour image in the frame "eye", with what other topics say beside it."""
    types = get_typestore(Stores.LATEST)
    with Writer(folder, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        for topic, msg in {"/rgb": rgb_to_image(picture(0), stamped(MS, "eye")), **depths}.items():
            kind = f"sensor_msgs/msg/{type(msg).__name__}"
            connection = writer.add_connection(topic, kind, typestore=types)
            writer.write(connection, MS, serialize_message(msg))


def test_the_depth_that_fits_is_taken(tmp_path: Path) -> None:
    eye, other = stamped(2 * MS, "eye"), stamped(MS, "other")
    write(
        tmp_path / "bag",
        {
            "/aligned": depth_message(METRES, eye),
            "/aligned/compressedDepth": compressed_depth(METRES, eye),
            "/raw": depth_message(METRES, other),
            "/infra": replace_encoding(depth_message(METRES, eye), "mono16"),
        },
    )
    name = str(tmp_path / "bag")
    source = open_source(name, "rgb", pytest.fail)
    assert source.depth == "/aligned"
    (frame,) = source
    assert frame.depth is not None
    assert frame.depth.later_ns == MS
    (frame,) = open_source(name, "rgb", pytest.fail, "raw")
    assert frame.depth is not None
    assert frame.depth.frame_id == "other"  # which the node refuses, unless told otherwise
    with pytest.raises(SourceError, match=r"no topic of depth images 'nothing'.* has /al"):
        open_source(name, "rgb", pytest.fail, "nothing")

    write(tmp_path / "two", {"/a": depth_message(METRES, eye), "/b": depth_message(METRES, eye)})
    assert open_source(str(tmp_path / "two"), "rgb", pytest.fail).depth == ""  # who knows which


def replace_encoding(msg: Image, encoding: str) -> Image:
    msg.encoding = encoding
    return msg


def test_a_depth_image_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "bag", {"/depth": replace_encoding(depth_message(METRES, stamped(MS)), "x")})
    problems: list[str] = []
    (frame,) = open_source(str(tmp_path / "bag"), "rgb", problems.append, "depth")
    assert frame.depth is None
    assert "skipped a depth image of /depth: no depth image (encoding 'x'" in problems[0]


def test_a_folder_of_images_and_one_of_depth(observer: Observer, tmp_path: Path) -> None:
    for name in ("images", "depth", "other"):
        (tmp_path / name).mkdir()
    for name in ("a", "b", "c"):
        write_image(tmp_path / "images" / f"{name}.jpg", picture(0))
    cv2.imwrite(str(tmp_path / "depth" / "a.png"), MILLIMETRES)
    cv2.imwrite(str(tmp_path / "depth" / "b.png"), picture(0))  # no depth
    problems: list[str] = []
    source = open_source(str(tmp_path / "images"), "", problems.append)
    assert source.depth == str(tmp_path / "depth")
    a, b, c = source
    assert a.depth is not None
    np.testing.assert_array_equal(a.depth.values, MILLIMETRES)
    assert b.depth is c.depth is None
    (problem,) = problems
    assert "b.png': it must be a PNG of 16 bits and one channel" in problem
    for depth in ("off", str(tmp_path / "other")):
        assert all(
            frame.depth is None for frame in open_source(str(tmp_path / "images"), "", print, depth)
        )
    with pytest.raises(SourceError, match="no folder of depth images: 'nowhere'"):
        open_source(str(tmp_path / "images"), "", print, "nowhere")

    images: list[Image] = []
    depths: list[Image] = []
    infos: list[CameraInfo] = []
    qos = QoSProfile(depth=20)
    observer.node.create_subscription(Image, "image", images.append, qos)
    observer.node.create_subscription(Image, "depth", depths.append, qos)
    observer.node.create_subscription(CameraInfo, "camera_info", infos.append, qos)
    overrides = {"source": str(tmp_path / "images"), "rate_hz": 50.0}
    camera = CameraNode(
        parameter_overrides=[Parameter(name, value=value) for name, value in overrides.items()]
    )
    observer.add_node(camera)
    observer.wait_until(lambda: len(images) > 5 and len(depths) > 1 and len(infos) > 5)
    headers = [image.header for image in images]
    assert depths[0].header in headers or depths[1].header in headers
    np.testing.assert_array_equal(depth_values(depths[0]), MILLIMETRES)
