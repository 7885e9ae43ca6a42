# SPDX-License-Identifier: Apache-2.0
"""The pictures of the gallery: what was meant, and how the answer differs."""

from __future__ import annotations

import cv2
import numpy as np

__all__ = ["COLOURS", "compared", "with_target"]

COLOURS = {
    "hit": (46, 196, 122),
    "missed": (255, 170, 40),
    "false alarm": (226, 61, 73),
    "ignored": (128, 128, 128),
}
"""RGB"""
SIDE = 480
"""pixels of the longest side of a picture"""
TINT = 0.55


def with_target(image: np.ndarray, target: np.ndarray, ignore: np.ndarray | None) -> np.ndarray:
    """The image with the target outlined, the rest dimmed and ignored pixels grey.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        target: (H, W) bool.
        ignore: (H, W) bool, or None.

    Returns:
        (h, w, 3) uint8 RGB, at most `SIDE` pixels a side.
    """
    shown, target, ignore = _small(image, target, ignore)
    if target.any():
        shown[~target] = shown[~target] // 5 * 2
    _tint(shown, ignore, COLOURS["ignored"])
    contours, _ = cv2.findContours(target.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(shown, contours, -1, COLOURS["missed"], 2)
    return shown


def compared(
    image: np.ndarray, prediction: np.ndarray, target: np.ndarray, ignore: np.ndarray | None
) -> np.ndarray:
    """The image with hits, misses, false alarms and ignored pixels in `COLOURS`.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        prediction: (H, W) bool.
        target: (H, W) bool.
        ignore: (H, W) bool, or None.

    Returns:
        (h, w, 3) uint8 RGB, at most `SIDE` pixels a side.
    """
    shown, target, ignore = _small(image, target, ignore)
    prediction = _resized(prediction, shown.shape[:2])
    counts = ~ignore
    _tint(shown, prediction & target & counts, COLOURS["hit"])
    _tint(shown, target & ~prediction & counts, COLOURS["missed"])
    _tint(shown, prediction & ~target & counts, COLOURS["false alarm"])
    _tint(shown, ignore, COLOURS["ignored"])
    return shown


def _small(
    image: np.ndarray, target: np.ndarray, ignore: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    height, width = image.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    shown = cv2.resize(image, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    ignore = np.zeros_like(target) if ignore is None else ignore
    return np.array(shown), _resized(target, size), _resized(ignore, size)


def _resized(mask: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool to `size` (h, w); a cell is inside if half of it is."""
    soft = cv2.resize(mask.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(soft) >= 0.5


def _tint(picture: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int]) -> None:
    picture[mask] = ((1 - TINT) * picture[mask] + TINT * np.array(colour)).astype(np.uint8)
