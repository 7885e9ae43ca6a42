# SPDX-License-Identifier: Apache-2.0
"""One object, followed from the image of its full answer on."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .motion import object_motion
from .thumbnails import Thumbnail, to_image

__all__ = ["Track"]

LEAST_SHARE = 0.3
"""of the points that came back in one step, that must agree"""
SCALES = 0.5, 2.0
"""how much smaller and larger than in the key frame an object may become"""
LEAST_SEEN = 0.25
"""of the object must look as in the key frame; else it is hidden, or another thing"""
COLOUR_ERROR = 16.0
"""of 255, that a pixel's red, green or blue may differ by and still look the same"""

LIGHT_CHANGE = 8.0
"""of 255, by which an object may have become lighter or darker"""


class Track:
    """An object's mask, moved by the composed motion of all steps since the key frame.

    The key frame's mask itself is warped, once, whatever the number of steps: it does not blur.

    Attributes:
        lost: why it is followed no longer; empty while it is.
        quality: how good the evidence was so far, [0, 1].
    """

    def __init__(self, mask: NDArray[np.bool_], key: Thumbnail) -> None:
        """Begins in the key frame.

        Args:
            mask: (H, W) bool, with a pixel at least.
            key: the key frame.
        """
        self.lost = ""
        self.quality = 1.0
        self._mask = mask.astype(np.uint8)
        self._matrix = np.eye(3)
        self._last = key.grey
        height, width = key.size
        small = cv2.resize(self._mask * 255, (width, height), interpolation=cv2.INTER_AREA)
        self._small = (small > 127).astype(np.uint8)
        if not self._small.any():
            self._small = (small > 0).astype(np.uint8)  # thinner than a pixel of the thumbnail
        self._box = _box(self._small)
        self._shape = _crop(self._small, self._box) > 0
        look = _crop(key.colour, self._box)
        spread = np.ones((3, 3), np.uint8)  # a pixel of displacement is allowed
        self._darkest = cv2.erode(look, spread).astype(np.float32)
        self._brightest = cv2.dilate(look, spread).astype(np.float32)
        self._seen = self._shape

    def step(self, image: Thumbnail) -> None:
        """Goes on to the next image; nothing is done for an object that is lost."""
        if self.lost:
            return
        motion = object_motion(self._last, image.grey, self._visible())
        self._last = image.grey
        if motion is None:
            self.lost = "too few points of it were found again"
            return
        self._matrix = motion.matrix @ self._matrix
        scale = float(np.sqrt(abs(np.linalg.det(self._matrix[:2, :2]))))
        self._seen = self._look(image.colour)
        seen = float(self._seen.sum() / self._shape.sum())
        self.quality *= motion.inlier_share**0.1
        if motion.inlier_share < LEAST_SHARE:
            self.lost = f"{motion.inlier_share:.0%} of its points agree"
        elif not SCALES[0] <= scale <= SCALES[1]:
            self.lost = f"it would have become {scale:.2g} times as large"
        elif not self.small_mask().any():
            self.lost = "it has left the image"
        elif seen < LEAST_SEEN:
            self.lost = f"{seen:.0%} of it looks as before"

    def small_mask(self) -> NDArray[np.uint8]:
        """(h, w) uint8 in the last thumbnail, 0 or 1."""
        return _warped(self._small, self._matrix)

    def mask(self) -> NDArray[np.bool_]:
        """(H, W) bool in the last image."""
        matrix = to_image(self._matrix, self._small.shape, self._mask.shape)
        return _warped(self._mask, matrix).astype(bool)

    def _visible(self) -> NDArray[np.uint8]:
        """(h, w) uint8: where it could be seen in the last thumbnail."""
        left, top, right, bottom = self._box
        seen = np.zeros_like(self._small)
        seen[top:bottom, left:right] = self._seen
        return _warped(seen, self._matrix)

    def _look(self, image: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Which of the key frame's pixels of it look the same in a small image, (h', w') bool."""
        left, top, right, bottom = self._box
        shift = np.array([[1, 0, left], [0, 1, top], [0, 0, 1.0]])
        look = cv2.warpAffine(
            image,
            (self._matrix @ shift)[:2],
            (right - left, bottom - top),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(0, 0, 0),
        ).astype(np.float32)
        middle = (self._darkest + self._brightest) / 2
        trusted = self._seen if self._seen.any() else self._shape
        light = np.median((look - middle)[trusted], axis=0)
        look -= np.clip(light, -LIGHT_CHANGE, LIGHT_CHANGE)
        differs = np.maximum(self._darkest - look, look - self._brightest)
        return (cv2.blur(differs, (3, 3)).max(axis=2) < COLOUR_ERROR) & self._shape


def _warped(mask: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A mask after each point has gone to `matrix` (3, 3) times it, of the same size."""
    height, width = mask.shape
    return cv2.warpAffine(mask, matrix[:2], (width, height), flags=cv2.INTER_NEAREST)


def _box(mask: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    left, top, width, height = cv2.boundingRect(mask)
    return left, top, left + width, top + height


def _crop(image: NDArray[np.uint8], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    return image[top:bottom, left:right]
