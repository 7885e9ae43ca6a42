# SPDX-License-Identifier: Apache-2.0
"""From an answer and its captured depth to places, and what is said where there are none."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from helpers.depth import HEIGHT, WIDTH, camera_info, depth_message, stamped
from helpers.placed_answer import DEPTH, HEADER, MASK, MIDDLE, Lines, good, placing
from llmseg_ros.error_log import ErrorLog
from llmseg_ros.messages.frame import Frame, SegmentedFrame
from llmseg_ros.messages.place_messages import cloud_message, place_messages
from llmseg_ros.messages.placing import FoundPlaces, Placing, PlacingSettings


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_an_object_has_its_place(encoding: str) -> None:
    found = placing().find(good(depth=depth_message(DEPTH, HEADER, encoding)))
    assert found.header == HEADER
    (place,) = found.places
    np.testing.assert_allclose(place.position, MIDDLE, atol=0.002)
    (msg,) = place_messages(found)
    assert msg.valid
    assert msg.reason == ""
    assert msg.point_count == 2400
    assert (msg.position.x, msg.position.z) == pytest.approx((0, 0.8), abs=0.002)
    assert sorted([msg.size.x, msg.size.y, msg.size.z])[1:] == pytest.approx(
        [0.8 * 40 / 150, 0.8 * 60 / 150], abs=0.02
    )


def test_each_object_by_itself() -> None:
    halves = np.stack([MASK.copy(), MASK.copy()])
    halves[0, :, 78:], halves[1, :, :82] = False, False
    left, right = placing().find(good(masks=halves)).places
    assert left.position[0] < -0.05
    assert right.position[0] > 0.05


def test_the_cloud_has_the_points_and_colours() -> None:
    one = good()
    found = placing().find(one)
    cloud = cloud_message(found, one.frame.image)
    assert (cloud.height, cloud.width, cloud.point_step) == (1, 2400, 16)
    assert [field.name for field in cloud.fields] == ["x", "y", "z", "rgb"]
    values = np.frombuffer(cloud.data, np.float32).reshape(-1, 4)
    np.testing.assert_allclose(values[:, :3], found.places[0].points)
    rgb = np.frombuffer(cloud.data, np.uint32).reshape(-1, 4)[:, 3]
    assert set(rgb.tolist()) == {10 << 16 | 20 << 8 | 30}
    assert cloud_message(FoundPlaces(HEADER), one.frame.image).width == 0


def test_the_cloud_is_read_by_sensor_msgs_py() -> None:
    point_cloud2 = pytest.importorskip("sensor_msgs_py.point_cloud2", reason="of distributions")
    one = good()
    found = placing().find(one)
    points = point_cloud2.read_points(cloud_message(found, one.frame.image))
    assert points.dtype.names == ("x", "y", "z", "rgb")
    np.testing.assert_allclose(points["z"], found.places[0].points[:, 2])


def test_depth_of_half_the_size() -> None:
    small = depth_message(DEPTH[::2, ::2], HEADER)
    found = placing().find(good(depth=small))
    np.testing.assert_allclose(found.places[0].position, MIDDLE, atol=0.005)
    pixels = found.places[0].pixels
    assert MASK[pixels[:, 1], pixels[:, 0]].all()


def test_no_depth_and_nothing_found_are_no_places() -> None:
    nothing = good(masks=np.zeros((0, HEIGHT, WIDTH), bool))
    assert placing().find(nothing).places == ()
    without = SegmentedFrame(Frame(np.zeros((4, 4, 3), np.uint8)), good().segmentation)
    assert placing().find(without).places == ()


def test_registered_though_its_frame_has_another_name() -> None:
    other = depth_message(DEPTH, stamped(10**9, "depth_optical"))
    assert placing(is_registered=True).find(good(depth=other)).places[0].position is not None


FAULTS = {
    "missing": ({"depth": None}, "no depth image has come"),
    "late": (
        {"depth": depth_message(DEPTH, stamped(10**9 + 130 * 10**6))},
        "within 20 ms of the image: the nearest one is 130 ms later",
    ),
    "no info": ({"info": None}, "no camera_info has come"),
    "frame": (
        {"depth": depth_message(DEPTH, stamped(10**9, "depth_optical"))},
        "in the frame 'depth_optical', and the image in 'camera'.*depth_is_registered",
    ),
    "size": (
        {"depth": depth_message(DEPTH[:90], HEADER)},
        "depth image is 160 x 90, and the image 160 x 120",
    ),
    "millimetres": (
        {"depth": depth_message(1000 * DEPTH, HEADER, "32FC1")},
        "depth is 2000 m in the median.*millimetres taken for metres",
    ),
    "metres": (
        {"depth": depth_message(DEPTH / 1000, HEADER)},
        "depth is 0.002 m in the median.*metres taken for less",
    ),
    "calibration": ({"info": CameraInfo()}, r"no focal length \(K 0, 0; P 0, 0\)"),
    "camera": (
        {"info": camera_info(HEADER, 480, 848)},
        "image is 160 x 120, and its camera_info is of 848 x 480",
    ),
    "nothing measured": (
        {"depth": depth_message(0 * DEPTH, HEADER)},
        "0 points of it were measured.*depth under 0% of the mask",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_place_that_is_not_known_says_why(name: str) -> None:
    changes, reason = FAULTS[name]
    lines = Lines()
    finder = placing(lines)
    for _ in range(3):
        (msg,) = place_messages(finder.find(good(**changes)))
        assert not msg.valid
        assert re.search(reason, msg.reason)
        numbers = [msg.position.x, msg.box.position.z, msg.box.orientation.w, msg.size.y]
        assert np.isnan(numbers).all()
        assert msg.point_count == 0
    told = [] if name == "nothing measured" else [reason]  # that is no fault of the input
    assert len(lines.errors) == len(told)
    assert all(re.search(reason, line) for line in lines.errors)


def test_a_distorted_image_is_told_once() -> None:
    lines = Lines()
    info = camera_info(HEADER)
    info.d = [-0.3, 0.1, 0.0, 0.0, 0.0]
    finder = placing(lines, image_topic="/camera/image_raw")
    for _ in range(2):
        assert finder.find(good(info=info)).places[0].position is not None
    assert len(lines.warnings) == 1
    rectified = Lines()
    placing(rectified, image_topic="/camera/image_rect").find(good(info=info))
    assert rectified.warnings == []


def test_places_in_another_frame() -> None:
    turn = Rotation.from_euler("x", -110, degrees=True).as_matrix()
    shift = np.array([0.1, 0.2, 0.5])
    finder = Placing(
        ErrorLog(Lines()),
        PlacingSettings(target_frame="base"),
        lambda header, target: (turn, shift),
    )
    found = finder.find(good())
    assert (found.header.frame_id, found.header.stamp) == ("base", HEADER.stamp)
    np.testing.assert_allclose(found.places[0].position, turn @ MIDDLE + shift, atol=0.003)
    here = placing().find(good()).places[0]
    np.testing.assert_allclose(found.places[0].points, here.points @ turn.T + shift, atol=1e-5)
    np.testing.assert_allclose(found.places[0].box.axes, turn @ here.box.axes)


def test_without_a_transform_places_stay_and_say_so() -> None:
    def missing(header: Header, target: str) -> Any:
        raise RuntimeError(f"no transform to {target!r}")

    lines = Lines()
    finder = Placing(ErrorLog(lines), PlacingSettings(target_frame="base"), missing)
    for _ in range(2):
        found = finder.find(good())
        (msg,) = place_messages(found)
        assert msg.valid
        assert msg.header.frame_id == "camera"
        assert msg.reason == "no transform to 'base'"
    assert len(lines.warnings) == 1
