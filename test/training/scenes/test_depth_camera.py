# SPDX-License-Identifier: Apache-2.0
"""What a stereo camera does to a depth that is known."""

from __future__ import annotations

import numpy as np

from llmseg_training.scenes.depth_camera import StereoCamera

FOCAL = 500.0


def scene() -> np.ndarray:
    depth = np.full((120, 160), 1.0, np.float32)
    depth[30:90, 60:100] = 0.5
    return depth


def test_errors_grow_with_the_square_of_depth() -> None:
    camera = StereoCamera(hole_share=0, steps=1000)
    spread = {}
    for metres in (0.5, 1.0):
        flat = np.full((200, 300), metres, np.float32)
        spread[metres] = camera.measure(flat, FOCAL, np.random.default_rng(0)).std()
    assert 0.0030 < spread[1.0] < 0.0035  # 0.08 / (500 * 0.05)
    assert 3.5 < spread[1.0] / spread[0.5] < 4.5


def test_there_are_holes_and_a_shadow_to_the_left_of_what_stands_out() -> None:
    true = scene()
    measured = StereoCamera(noise_px=0, hole_share=0, outline_share=0).measure(
        true, FOCAL, np.random.default_rng(0)
    )
    shadow = round(FOCAL * 0.05 * (1 / 0.5 - 1 / 1.0))
    assert (measured[60, 60 - shadow + 1 : 60] == 0).all()
    assert measured[60, 60 - shadow - 2] == 1.0
    assert (measured[60, 60:160] > 0).all()
    holes = StereoCamera(noise_px=0).measure(true, FOCAL, np.random.default_rng(0)) == 0
    assert 0.03 < holes[:, 105:].mean() < 0.07


def test_the_same_draw_gives_the_same_depth_in_millimetres() -> None:
    first, second = (
        StereoCamera().measure(scene(), FOCAL, np.random.default_rng(4)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.float32
    np.testing.assert_allclose(1000 * first, np.round(1000 * first), atol=1e-3)
    between = (first > 0.55) & (first < 0.95)
    assert between.any()  # flying pixels
    rows, columns = np.nonzero(between)
    assert (np.abs(rows - 59.5).max(), np.abs(columns - 79.5).max()) <= (32, 22)
