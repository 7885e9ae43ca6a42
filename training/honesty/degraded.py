# SPDX-License-Identifier: Apache-2.0
"""Copies of images as other cameras and settings would show the same: they are familiar too."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

__all__ = ["DEGRADED", "degraded"]

SIZES = ((160, 120), (640, 480), (1280, 720), (480, 480), (240, 320), (424, 240))
"""widths and heights"""


def _noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return image + rng.normal(0, rng.uniform(3, 14), image.shape)


def _blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2) * image.shape[1] / 320)


def _exposure(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return image * rng.uniform(0.6, 1.5)


def _colours(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return image * rng.uniform(0.85, 1.15, 3)


def _jpeg(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 95))]
    decoded = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded just now
    return decoded


def _size(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The largest part of one of `SIZES`' shape, resized to it."""
    width, height = SIZES[rng.integers(len(SIZES))]
    rows = min(image.shape[0], round(image.shape[1] * height / width))
    columns = min(image.shape[1], round(image.shape[0] * width / height))
    top, left = (rng.integers(whole - part + 1) for whole, part in zip(
        image.shape[:2], (max(rows, 1), max(columns, 1)), strict=True))  # fmt: skip
    part = image[top : top + max(rows, 1), left : left + max(columns, 1)]
    shrinks = width < part.shape[1]
    return cv2.resize(
        part, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )


DEGRADED: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "noise": _noise,
    "blur": _blur,
    "exposure": _exposure,
    "colours": _colours,
    "jpeg": _jpeg,
    "size": _size,
}
"""ways, each drawing how much"""


def degraded(image: np.ndarray, way: str, rng: np.random.Generator) -> np.ndarray:
    """A copy of an image.

    Args:
        image: (H, W, 3) uint8 RGB.
        way: one of `DEGRADED`: sensor noise of 3 to 14 levels, blur of 0.4 to 1.2 pixels at a width
            of 320, 0.6 to 1.5 times the light, channels by 0.85 to 1.15, JPEG of quality 50 to 94,
            another size and shape.
        rng: decides how much.
    """
    source = image if way == "jpeg" else image.astype(np.float32)
    changed = DEGRADED[way](source, rng)
    return np.clip(np.asarray(changed, dtype=np.float32), 0, 255).round().astype(np.uint8)
