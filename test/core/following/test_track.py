# SPDX-License-Identifier: Apache-2.0
"""One object, moved as it is known to have moved."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from helpers.moving_picture import moved, patch_mask, textured
from llmseg_core.following.motion import object_motion
from llmseg_core.following.thumbnails import Thumbnail, to_image
from llmseg_core.following.track import Track

HEIGHT, WIDTH = 240, 320


def similarity(dx: float, dy: float, degrees: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """(3, 3) about the middle of the image."""
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, scale)
    matrix[:, 2] += (dx, dy)
    return np.vstack([matrix, [0, 0, 1]])


def iou(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


def test_a_motion_that_is_known_is_found() -> None:
    image, mask = textured(HEIGHT, WIDTH), patch_mask(HEIGHT, WIDTH)
    true = similarity(3.4, -2.2, degrees=2.0, scale=1.02)
    before, after = Thumbnail.of(image).grey, Thumbnail.of(moved(image, true)).grey
    motion = object_motion(before, after, mask.astype(np.uint8))
    assert motion is not None
    assert motion.inlier_share > 0.9
    corner = np.array([120.0, 90.0, 1.0])
    assert np.allclose((motion.matrix @ corner)[:2], (true @ corner)[:2], atol=0.3)
    again = object_motion(before, after, mask.astype(np.uint8))
    assert again is not None
    assert np.array_equal(again.matrix, motion.matrix)


def test_nothing_to_hold_on_to_gives_no_motion() -> None:
    flat = np.full((HEIGHT, WIDTH), 90, np.uint8)
    assert object_motion(flat, flat, patch_mask(HEIGHT, WIDTH).astype(np.uint8)) is None


@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (480, 640), (720, 960), (60, 80)])
def test_a_mask_goes_where_the_object_goes(size: tuple[int, int]) -> None:
    """At the image's own size, whatever the thumbnail's is."""
    height, width = size
    image, mask = textured(height, width), patch_mask(height, width)
    track = Track(mask, Thumbnail.of(image))
    step = similarity(1.5, 1.0, degrees=0.6)
    total = np.eye(3)
    for _ in range(8):
        total = step @ total
        full = to_image(total, (HEIGHT, WIDTH), size)
        track.step(Thumbnail.of(moved(image, full)))
    assert not track.lost
    true = moved(mask.astype(np.uint8), full) > 0
    assert track.mask().shape == size
    assert iou(track.mask(), true) > (0.9 if width > 100 else 0.75)
    assert 0.9 < track.quality <= 1


def test_what_is_covered_is_lost_and_half_of_it_is_enough() -> None:
    image, mask = textured(HEIGHT, WIDTH), patch_mask(HEIGHT, WIDTH)
    cover = textured(HEIGHT, WIDTH, seed=5) // 3
    track = Track(mask, Thumbnail.of(image))
    for border in range(80, WIDTH // 2 + 1, 8):  # it comes from the left
        shown = image.copy()
        shown[:, :border] = cover[:, :border]
        track.step(Thumbnail.of(shown))
    assert not track.lost
    assert iou(track.mask(), mask) > 0.95
    track.step(Thumbnail.of(cover))
    assert track.lost
    track.step(Thumbnail.of(image))
    assert track.lost  # only a full answer finds it again


def test_brighter_light_loses_nothing() -> None:
    image, mask = textured(HEIGHT, WIDTH), patch_mask(HEIGHT, WIDTH)
    track = Track(mask, Thumbnail.of(image))
    brighter = np.clip(image.astype(int) + 12, 0, 255).astype(np.uint8)
    track.step(Thumbnail.of(brighter))
    assert not track.lost


def test_what_leaves_the_image_is_lost() -> None:
    image, mask = textured(HEIGHT, WIDTH), patch_mask(HEIGHT, WIDTH)
    track = Track(mask, Thumbnail.of(image))
    for step in range(1, 40):
        track.step(Thumbnail.of(moved(image, similarity(8.0 * step, 0))))
        if track.lost:
            break
    assert 10 < step < 30


def test_a_mask_thinner_than_a_thumbnails_pixel_is_kept() -> None:
    image = textured(960, 1280)
    mask = np.zeros((960, 1280), bool)
    mask[300, 200:900] = True
    track = Track(mask, Thumbnail.of(image))
    assert track.small_mask().any()
    assert np.array_equal(track.mask(), mask)
