# SPDX-License-Identifier: Apache-2.0
"""A block on a floor, whose depth image is computed from its corners."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from llmseg_core.geometry.pinhole import Pinhole
from llmseg_core.geometry.place import locate
from llmseg_core.geometry.visible_part import visible_part

HEIGHT, WIDTH = 240, 320
CAMERA = Pinhole(300.0, 300.0, 159.5, 119.5)
PITCH = np.radians(40)
FORWARD = np.array([0.0, np.cos(PITCH), -np.sin(PITCH)])  # the world: z up, the floor at 0
AXES = np.stack([[1.0, 0, 0], [0.0, -np.sin(PITCH), -np.cos(PITCH)], FORWARD])
EYE = -0.8 * FORWARD
SIZE = np.array([0.16, 0.1, 0.08])


def block(size: np.ndarray = SIZE, lift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Depth (H, W) float32 of a block on a floor about the point looked at, and its mask."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    local = np.stack([(x - CAMERA.cx) / CAMERA.fx, (y - CAMERA.cy) / CAMERA.fy, np.ones(x.shape)])
    rays = np.einsum("ihw,ij->hwj", local, AXES)
    floor = -EYE[2] / np.minimum(rays[..., 2], -1e-3)
    low, high = np.array([*-size[:2] / 2, lift]), np.array([*size[:2] / 2, lift + size[2]])
    with np.errstate(divide="ignore"):
        first, second = (low - EYE) / rays, (high - EYE) / rays
    enter = np.minimum(first, second).max(axis=-1)
    leave = np.maximum(first, second).min(axis=-1)
    mask = (enter < leave) & (enter > 0)
    return np.where(mask, enter, floor).astype(np.float32), mask


def in_world(points: np.ndarray) -> np.ndarray:
    return points @ AXES + EYE


def grown(mask: np.ndarray, pixels: int = 3) -> np.ndarray:
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * pixels + 1,) * 2)).astype(bool)


@pytest.fixture
def true_middle() -> np.ndarray:
    depth, mask = block()
    y, x = np.nonzero(mask)
    return CAMERA.points(x, y, depth[mask]).mean(axis=0)


def test_a_block_has_its_place_and_its_box(true_middle: np.ndarray) -> None:
    depth, mask = block()
    place = locate(depth, mask, CAMERA)
    assert place.reason == ""
    assert place.stands
    np.testing.assert_allclose(place.position, true_middle, atol=0.003)
    np.testing.assert_allclose(in_world(place.box.centre), [0, 0, 0.04], atol=0.004)
    np.testing.assert_allclose(place.box.size, SIZE, atol=0.006)
    np.testing.assert_allclose(place.box.axes.T @ AXES, np.eye(3), atol=0.03)
    # the points are those of its pixels
    np.testing.assert_allclose(
        place.points,
        CAMERA.points(*place.pixels.T, depth[place.pixels[:, 1], place.pixels[:, 0]]),
        atol=1e-6,
    )
    assert mask[place.pixels[:, 1], place.pixels[:, 0]].all()


@pytest.mark.parametrize("unit_m", [0.001, 0.0001])
@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_whole_numbers_are_metres_in_units(unit_m: float, order: str) -> None:
    depth, mask = block()
    whole = np.round(depth / unit_m).astype(order)
    found = locate(whole, mask, CAMERA, unit_m)
    same = locate((whole * np.float32(unit_m)).astype(np.float32), mask, CAMERA)
    np.testing.assert_array_equal(found.points, same.points)
    np.testing.assert_array_equal(found.position, same.position)
    np.testing.assert_allclose(found.box.size, SIZE, atol=0.006)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -1.0, -np.inf])
def test_what_was_not_measured_does_not_count(value: float, true_middle: np.ndarray) -> None:
    depth, mask = block()
    depth[::2, 1::3] = value
    place = locate(depth, mask, CAMERA)
    assert np.isfinite(place.points).all()
    np.testing.assert_allclose(place.position, true_middle, atol=0.004)


def test_a_mask_that_is_too_large_and_flying_pixels(true_middle: np.ndarray) -> None:
    depth, mask = block()
    rng = np.random.default_rng(1)
    edge = grown(mask, 1) & ~mask
    depth[edge] += rng.uniform(-0.15, 0.1, edge.sum()).astype(np.float32)
    place = locate(depth, grown(mask), CAMERA)
    np.testing.assert_allclose(place.position, true_middle, atol=0.008)
    np.testing.assert_allclose(place.box.size, SIZE, atol=0.02)


def test_background_seen_through_a_hole_is_left_out() -> None:
    depth, mask = np.full((120, 160), 0.6, np.float32), np.zeros((120, 160), bool)
    mask[20:100, 20:140] = True
    depth[~mask] = depth[40:80, 50:110] = 1.1
    part = visible_part(depth, mask)
    assert (depth[part] == np.float32(0.6)).all()
    assert part.sum() > 0.99 * (mask & (depth < 1)).sum()


def test_a_thin_thing_is_kept_whole() -> None:
    depth, mask = np.full((120, 160), 1.5, np.float32), np.zeros((120, 160), bool)
    mask[10:110, 80] = True
    depth[mask] = 0.7
    assert visible_part(depth, grown(mask, 2)).sum() == 100
    assert locate(depth, grown(mask, 2), CAMERA).position[2] == pytest.approx(0.7)


def test_what_is_divided_by_something_nearer_stays_together() -> None:
    depth, mask = np.full((120, 160), 1.5, np.float32), np.zeros((120, 160), bool)
    mask[30:90, 20:140] = True
    depth[mask] = 0.9
    depth[:, 70:75] = 0.4
    part = visible_part(depth, mask)
    assert part[60, 30]
    assert part[60, 130]
    assert not part[:, 70:75].any()


def test_what_hangs_in_the_air_does_not_reach_down() -> None:
    depth, mask = block(np.array([0.1, 0.1, 0.05]), lift=0.12)
    place = locate(depth, mask, CAMERA)
    assert in_world(place.box.centre)[2] == pytest.approx(0.145, abs=0.01)
    assert place.box.size[2] == pytest.approx(0.05, abs=0.01)


def test_without_surroundings_the_box_is_the_smallest() -> None:
    depth, mask = block()
    depth[~mask] = 0
    place = locate(depth, mask, CAMERA)
    assert not place.stands
    assert place.box.volume < 2 * SIZE.prod()


def test_a_large_thing_is_looked_at_in_steps(true_middle: np.ndarray) -> None:
    depth, mask = block()
    large = depth.repeat(5, axis=0).repeat(5, axis=1)
    place = locate(large, mask.repeat(5, axis=0).repeat(5, axis=1), CAMERA.scaled(5, 5))
    np.testing.assert_allclose(place.position, true_middle, atol=0.005)
    assert len(place.points) < 40_000


@pytest.mark.parametrize(
    ("value", "pixels", "reason"),
    [
        (0.8, 0, "the mask is empty"),
        (0.0, 400, "0 points of it were measured, at least 30.*depth under 0% of the mask"),
        (0.8, 9, "9 points of it were measured, at least 30"),
    ],
)
def test_a_place_that_is_not_known_says_why(value: float, pixels: int, reason: str) -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask.ravel()[50 : 50 + pixels] = True
    place = locate(np.full((HEIGHT, WIDTH), value, np.float32), mask, CAMERA)
    assert place.position is None
    assert place.box is None
    assert len(place.points) == 0
    assert re.search(reason, place.reason)


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"depth image is 320 x 240 and the mask 10 x 12"):
        locate(np.ones((240, 320), np.float32), np.ones((12, 10), bool), CAMERA)


@pytest.mark.parametrize("values", [(0, 1, 1, 1), (1, -2, 1, 1), (1, 1, np.nan, 1)])
def test_bad_intrinsics_are_refused(values: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="must be a finite number"):
        Pinhole(*values)


@pytest.mark.parametrize("seed", range(20))
def test_any_depth_gives_a_place_or_a_reason(seed: int) -> None:
    rng = np.random.default_rng(seed)
    depth = rng.uniform(-1, 5, (60, 80)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.3] = rng.choice([0, np.nan, np.inf, 1e30, 1e-30])
    mask = rng.random(depth.shape) < rng.random()
    place = locate(depth, mask, CAMERA)
    assert (place.position is None) == bool(place.reason)
    if place.position is not None:
        assert np.isfinite(place.position).all()
        assert np.isfinite(place.box.centre).all()
        assert np.isfinite(place.box.size).all()
        assert np.isfinite(place.box.quaternion).all()
