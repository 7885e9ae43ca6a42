# SPDX-License-Identifier: Apache-2.0
"""Pictures that move as one says."""

from __future__ import annotations

import cv2
import numpy as np


def textured(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(H, W, 3) uint8 with blobs of many sizes, the same at every size."""
    rng = np.random.default_rng(seed)
    image = np.zeros((240, 320, 3), np.float32)
    for side in (12, 24, 48, 96):
        coarse = rng.uniform(0, 1, (side * 3 // 4 + 1, side + 1, 3)).astype(np.float32)
        image += cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC)
    image = cv2.normalize(image, None, 20, 235, cv2.NORM_MINMAX)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def patch_mask(height: int, width: int) -> np.ndarray:
    """(H, W) bool, an ellipse in the middle."""
    mask = np.zeros((height, width), np.uint8)
    middle, axes = (width // 2, height // 2), (width // 6, height // 6)
    return cv2.ellipse(mask, middle, axes, 20, 0, 360, 1, -1) > 0


def moved(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The image after each point (x, y, 1) has gone to `matrix` (3, 3) times it."""
    size = image.shape[1], image.shape[0]
    return cv2.warpAffine(
        image, matrix[:2], size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
