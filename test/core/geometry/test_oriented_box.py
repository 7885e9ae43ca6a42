# SPDX-License-Identifier: Apache-2.0
"""Boxes about points of a known box."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from llmseg_core.geometry.oriented_box import OrientedBox, upright_box


def filled(size: tuple[float, float, float], turn: Rotation, centre: np.ndarray) -> np.ndarray:
    """(N, 3) points of a box, its corners among them."""
    steps = np.linspace(-0.5, 0.5, 12)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    return turn.apply(lattice * size) + centre


@pytest.mark.parametrize("degrees", [0, 20, 45, 80, 133])
def test_a_turned_box_is_found(degrees: float) -> None:
    up = np.array([0.1, -0.7, -0.6])
    up /= np.linalg.norm(up)
    base, _ = Rotation.align_vectors([up], [[0, 0, 1]])
    turn = base * Rotation.from_euler("z", degrees, degrees=True)
    centre = np.array([0.1, -0.2, 0.8])
    box = upright_box(filled((0.2, 0.1, 0.05), turn, centre), up, trim=(0, 100))
    np.testing.assert_allclose(box.centre, centre, atol=1e-6)
    np.testing.assert_allclose(box.size, [0.2, 0.1, 0.05], atol=1e-6)
    np.testing.assert_allclose(box.axes[:, 2], up, atol=1e-9)
    assert abs(box.axes[:, 0] @ turn.as_matrix()[:, 0]) == pytest.approx(1, abs=1e-5)
    assert np.linalg.det(box.axes) == pytest.approx(1)
    assert box.axes[0, 0] >= 0
    assert box.volume == pytest.approx(0.001)


def test_a_few_points_beyond_do_not_count() -> None:
    points = np.random.default_rng(0).uniform(-0.05, 0.05, (2000, 3))
    points[:10] *= 20
    box = upright_box(points, np.array([0.0, 0.0, 1.0]))
    assert box.size.max() < 0.16


def test_flat_and_single_points_have_a_box() -> None:
    box = upright_box(np.array([[0.1, 0.2, 0.5]]), np.array([0.0, -1.0, 0.0]))
    np.testing.assert_allclose(box.size, 1e-3)
    np.testing.assert_allclose(box.centre, [0.1, 0.2, 0.5])


def test_reaching_down_keeps_the_top() -> None:
    up = np.array([0.0, -1.0, 0.0])
    box = OrientedBox(np.array([0, -0.3, 1.0]), np.array([0.2, 0.1, 0.1]), _axes(up))
    lower = box.down_to(0.1)
    assert lower.size[2] == pytest.approx(0.25)
    assert float(lower.centre @ up + lower.size[2] / 2) == pytest.approx(0.35)
    assert box.down_to(0.3) is box


def _axes(up: np.ndarray) -> np.ndarray:
    return np.stack([[1.0, 0, 0], np.cross(up, [1.0, 0, 0]), up], axis=1)


def test_quaternions_are_those_of_scipy() -> None:
    turns = [Rotation.from_rotvec(v) for v in np.eye(3) * np.pi]
    turns += [*Rotation.random(40, random_state=3), Rotation.identity()]
    for turn in turns:
        box = OrientedBox(np.zeros(3), np.ones(3), turn.as_matrix())
        x, y, z, w = box.quaternion
        assert w >= 0
        assert np.hypot(np.hypot(x, y), np.hypot(z, w)) == pytest.approx(1)
        np.testing.assert_allclose(
            Rotation.from_quat([x, y, z, w]).as_matrix(), turn.as_matrix(), atol=1e-9
        )


def test_corners_are_a_loop_below_and_one_above() -> None:
    box = OrientedBox(np.array([1.0, 2, 3]), np.array([0.4, 0.2, 0.1]), np.eye(3))
    corners = box.corners
    np.testing.assert_allclose(corners[:4, 2], 2.95)
    np.testing.assert_allclose(corners[4:, 2], 3.05)
    for loop in (corners[:4], corners[4:]):
        sides = np.linalg.norm(loop - np.roll(loop, 1, axis=0), axis=1)
        np.testing.assert_allclose(np.sort(sides), [0.2, 0.2, 0.4, 0.4])
