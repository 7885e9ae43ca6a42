# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.original_sam import original_sam, segment_anything
from llmseg_core.images.image_ops import (
    check_image,
    normalize_and_pad,
    resize_longest_side,
    resized_shape,
)

SHAPES = [(48, 64), (64, 48), (50, 128), (128, 128), (300, 211), (7, 9), (1, 300)]


@pytest.mark.parametrize("shape", SHAPES)
def test_same_pixels_as_sam(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    transform = segment_anything.utils.transforms.ResizeLongestSide(128)
    ours = resize_longest_side(image, 128)
    if shape == (1, 300):  # the original has no pixel left here
        assert ours.shape == (1, 128, 3)
        return
    theirs = transform.apply_image(image)
    assert np.array_equal(ours, theirs)
    pixels = original_sam().preprocess(torch.from_numpy(theirs).permute(2, 0, 1))
    assert torch.equal(normalize_and_pad(ours, 128), pixels)


def test_shapes_round_as_sam_does() -> None:
    transform = segment_anything.utils.transforms.ResizeLongestSide
    for height, width in np.random.default_rng(1).integers(5, 2000, (200, 2)).tolist():
        theirs = transform.get_preprocess_shape(height, width, 1024)
        assert resized_shape(height, width, 1024) == (max(theirs[0], 1), max(theirs[1], 1))


def test_a_fitting_image_stays_as_it_is() -> None:
    image = np.zeros((32, 64, 3), np.uint8)
    assert resize_longest_side(image, 64) is image


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ([[0]], "the image is a list, it must be a NumPy array"),
        (np.zeros((4, 4), np.uint8), r"shape \(4, 4\), it must be \(H, W, 3\)"),
        (np.zeros((4, 4, 4), np.uint8), r"shape \(4, 4, 4\), it must be \(H, W, 3\)"),
        (np.zeros((4, 4, 3)), "dtype float64, it must be uint8"),
        (np.zeros((0, 4, 3), np.uint8), "both sides must be at least 1 pixel"),
    ],
)
def test_wrong_images(image: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_image(image)
