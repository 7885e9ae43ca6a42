# SPDX-License-Identifier: Apache-2.0
"""Answers as messages of other packages, each where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message

from helpers.placed_answer import HEADER, MASK, good, placing
from llmseg_ros.messages import standard_messages as standard

OF_DISTRIBUTIONS = "comes with ROS distributions"


def whole(message: object) -> object:
    """The message after a journey, which finds fields of a wrong type."""
    return deserialize_message(serialize_message(message), type(message))


def test_markers_are_a_box_and_a_label() -> None:
    marker = pytest.importorskip("visualization_msgs.msg").Marker
    one = good()
    found = placing().find(one)
    clear, box, label = whole(standard.marker_array(one, found)).markers
    assert clear.action == marker.DELETEALL
    assert box.type == marker.LINE_LIST
    assert len(box.points) == 24
    ends = np.array([(one.x, one.y, one.z) for one in box.points]).reshape(12, 2, 3)
    lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    expected = np.repeat(np.sort(found.places[0].box.size), 4)
    np.testing.assert_allclose(np.sort(lengths), expected, atol=1e-6)
    assert label.text == "the block (90%)"
    assert label.header == HEADER
    unknown = good(depth=None)
    assert len(standard.marker_array(unknown, placing().find(unknown)).markers) == 1


def test_boxes_in_the_image() -> None:
    pytest.importorskip("vision_msgs", reason=OF_DISTRIBUTIONS)
    array = whole(standard.detections_2d(good(track_id=3)))
    (one,) = array.detections
    assert array.header == one.header == HEADER
    assert (one.bbox.center.position.x, one.bbox.center.position.y) == (80.0, 60.0)
    assert (one.bbox.size_x, one.bbox.size_y) == (60.0, 40.0)
    assert one.id == "3.0"
    assert one.results[0].hypothesis.class_id == "the block"
    assert one.results[0].hypothesis.score == pytest.approx(0.9)
    none = good(masks=np.zeros((0, *MASK.shape), bool))
    assert standard.detections_2d(none).detections == []


def test_boxes_in_space() -> None:
    pytest.importorskip("vision_msgs", reason=OF_DISTRIBUTIONS)
    one = good()
    found = placing().find(one)
    (detection,) = whole(standard.detections_3d(one, found)).detections
    assert detection.bbox.center.position.z == pytest.approx(found.places[0].box.centre[2])
    assert detection.results[0].pose.pose.position.z == pytest.approx(0.8, abs=0.002)
    assert detection.bbox.size.x == pytest.approx(found.places[0].box.size[0])
    unknown = good(depth=None)
    assert standard.detections_3d(unknown, placing().find(unknown)).detections == []


def test_what_the_mask_s_values_mean() -> None:
    pytest.importorskip("vision_msgs", reason=OF_DISTRIBUTIONS)
    info = whole(standard.label_info("the red mug", HEADER, 0.25))
    (label,) = info.class_map
    assert (label.class_id, label.class_name) == (255, "the red mug")
    assert info.threshold == 0.25
    assert standard.label_info("", HEADER, 0.25).class_map == []


def test_outlines() -> None:
    pytest.importorskip("foxglove_msgs", reason=OF_DISTRIBUTIONS)
    holed = MASK.copy()
    holed[50:60, 70:80] = False
    shown = whole(standard.image_annotations(good(masks=holed[None])))
    outer, inner = sorted(shown.points, key=lambda one: -np.ptp([p.x for p in one.points]))
    assert {(p.x, p.y) for p in outer.points} == {
        (50.5, 40.5), (109.5, 40.5), (109.5, 79.5), (50.5, 79.5),
    }  # fmt: skip
    assert outer.type == outer.LINE_LOOP
    assert len(inner.points) >= 4
    assert shown.texts[0].text == "the block (90%)"
    nothing = standard.image_annotations(good(masks=np.zeros((0, *MASK.shape), bool)))
    assert nothing.points == []
