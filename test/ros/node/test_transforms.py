# SPDX-License-Identifier: Apache-2.0
"""Places in a frame of tf2, where it is installed, and the reason where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from scipy.spatial.transform import Rotation

from helpers.depth import stamped
from helpers.observer import Observer
from llmseg_ros.node import transforms
from llmseg_ros.node.transforms import Transforms, rotation_matrix

HEADER = stamped(10**9)


def test_rotations_are_those_of_scipy() -> None:
    for turn in Rotation.random(20, random_state=1):
        np.testing.assert_allclose(rotation_matrix(*turn.as_quat()), turn.as_matrix(), atol=1e-12)


def test_without_tf2_the_reason_says_so(
    observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transforms, "tf2_ros", None)
    listener = Transforms(observer.node)
    listener.listen()
    with pytest.raises(RuntimeError, match=r"'camera' .* 'base_link': tf2_ros is not installed"):
        listener.transform(HEADER, "base_link")
    listener.stop()


def test_a_transform_at_the_image_s_stamp(observer: Observer) -> None:
    tf2_ros = pytest.importorskip("tf2_ros", reason="comes with ROS distributions")
    listener = Transforms(observer.node)
    listener.listen()
    with pytest.raises(RuntimeError, match="no transform to 'base_link'"):
        listener.transform(HEADER, "base_link")
    broadcaster = tf2_ros.TransformBroadcaster(observer.node)
    turn = Rotation.from_euler("xyz", [0.3, -0.2, 1.0])
    for ns, x in ((9 * 10**8, 0.0), (11 * 10**8, 1.0)):
        one = TransformStamped(header=stamped(ns, "base_link"), child_frame_id="camera")
        one.transform.translation.x = x
        rotation = one.transform.rotation
        rotation.x, rotation.y, rotation.z, rotation.w = turn.as_quat().tolist()
        broadcaster.sendTransform(one)

    def known() -> bool:
        try:
            listener.transform(HEADER, "base_link")
        except RuntimeError:
            broadcaster.sendTransform(one)
            return False
        return True

    observer.wait_until(known)
    matrix, shift = listener.transform(HEADER, "base_link")
    np.testing.assert_allclose(matrix, turn.as_matrix(), atol=1e-9)
    np.testing.assert_allclose(shift, [0.5, 0, 0], atol=1e-6)  # half-way between the two
    listener.stop()
