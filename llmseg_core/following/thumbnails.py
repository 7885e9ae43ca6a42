# SPDX-License-Identifier: Apache-2.0
"""Small images in which motion is measured."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["SIDE", "Thumbnail", "to_image"]

SIDE = 320
"""pixels of a thumbnail's longest side; smaller images are not enlarged"""


@dataclass(frozen=True)
class Thumbnail:
    """A small image, each pixel the mean of those that it covers.

    Attributes:
        colour: (h, w, 3) uint8 RGB.
        grey: (h, w) uint8.
    """

    colour: NDArray[np.uint8]
    grey: NDArray[np.uint8]

    @classmethod
    def of(cls, image: NDArray[np.uint8], side: int = SIDE) -> Thumbnail:
        """The thumbnail of an image (H, W, 3) uint8 RGB, whose longest side becomes `side`."""
        height, width = image.shape[:2]
        scale = side / max(height, width)
        if scale < 1:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        return cls(image, cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))

    @property
    def size(self) -> tuple[int, int]:
        """(h, w)."""
        height, width = self.grey.shape
        return height, width


def to_image(
    matrix: NDArray[np.float64], small: tuple[int, int], size: tuple[int, int]
) -> NDArray[np.float64]:
    """The same motion for pixels of the image.

    Args:
        matrix: (3, 3), takes a point (x, y, 1) of a thumbnail to another thumbnail; the centre of
            the first pixel is (0, 0).
        small: (h, w) of the thumbnails.
        size: (H, W) of the images.

    Returns:
        (3, 3) for points of the images.
    """
    across, down = size[1] / small[1], size[0] / small[0]
    enlarge = np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])
    return enlarge @ matrix @ np.linalg.inv(enlarge)
