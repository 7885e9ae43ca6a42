# SPDX-License-Identifier: Apache-2.0
"""An image with its regions outlined and numbered, for a model that sees."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from llmseg_core.images.caption import FONT
from llmseg_core.images.imagenet_pixels import resized_image

from ..sources.source_image import Region

__all__ = ["numbered_picture", "shrunk"]

COLOURS = (
    (230, 25, 75), (60, 180, 75), (0, 130, 200), (245, 130, 48), (145, 30, 180), (0, 160, 160),
    (240, 50, 230), (128, 128, 0), (170, 110, 40), (128, 0, 0), (0, 0, 128), (90, 90, 90),
)  # fmt: skip
DARK, LIGHT = (20, 20, 20), (255, 255, 255)


def numbered_picture(
    image: np.ndarray, regions: Sequence[Region], numbers: Sequence[int], longest_side: int
) -> np.ndarray:
    """Outline regions, each with its number on the point that lies deepest in it.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        regions: with masks.
        numbers: one for each region.
        longest_side: of the picture, in pixels; a larger image is shrunk.

    Returns:
        (H', W', 3) uint8 RGB.
    """
    picture = shrunk(image, longest_side).copy()
    height, width = picture.shape[:2]
    line = max(1, round(min(height, width) / 300))
    scale = max(0.4, min(height, width) / 1100)
    masks = [
        cv2.resize(region.mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        for region in regions
        if region.mask is not None
    ]
    for mask, number in zip(masks, numbers, strict=True):
        outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(picture, outlines, -1, _colour(number), line)
    for mask, number in zip(masks, numbers, strict=True):  # no outline crosses a number
        depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        text = str(number)
        (across, down), _ = cv2.getTextSize(text, FONT, scale, 1)
        left = int(np.clip(column - across // 2, 2, max(2, width - across - 3)))
        bottom = int(np.clip(row + down // 2, down + 2, max(down + 2, height - 3)))
        corner = left - 2, bottom - down - 2
        cv2.rectangle(picture, corner, (left + across + 2, bottom + 2), _colour(number), -1)
        cv2.putText(picture, text, (left, bottom), FONT, scale, LIGHT, 1, cv2.LINE_AA)
    return picture


def shrunk(image: np.ndarray, longest_side: int) -> np.ndarray:
    """The image, smaller if a side is longer; (H, W, 3) uint8 RGB."""
    longest = max(image.shape[:2])
    if longest <= longest_side:
        return image
    height, width = (max(1, round(side * longest_side / longest)) for side in image.shape[:2])
    return np.asarray(resized_image(image, (height, width), Image.Resampling.BICUBIC))


def _colour(number: int) -> tuple[int, int, int]:
    return COLOURS[number % len(COLOURS)]
