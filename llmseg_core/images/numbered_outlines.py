# SPDX-License-Identifier: Apache-2.0
"""Numbered outlines on an image, by which a VLM can name what it means (Set-of-Mark)."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np

__all__ = ["draw_numbered_outlines", "number_place"]

FONT = cv2.FONT_HERSHEY_SIMPLEX
GOLDEN = 0.618034
"""share of the circle of hues from one colour to the next, so that neighbours differ"""


def draw_numbered_outlines(image: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Outline masks and write their numbers, from 1, in them.

    Small masks are drawn over large ones. A number stands where its mask is widest outside of all
    smaller ones, so that the number of a table does not stand on the cup, nor on another number.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        masks: (K, H, W) bool.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: if masks and image differ in size.
    """
    if masks.shape[1:] != image.shape[:2]:
        raise ValueError(
            f"the masks have {masks.shape[1:]} (height, width) pixels, the image {image.shape[:2]}"
        )
    picture = image.copy()
    scale = max(0.35, min(image.shape[:2]) / 900)
    line = max(1, round(min(image.shape[:2]) / 300))
    places = _places(masks, scale)
    order = np.argsort(-masks.sum((1, 2)), kind="stable")
    for index in order:
        contours, _ = cv2.findContours(
            masks[index].astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE
        )
        cv2.drawContours(picture, contours, -1, _colour(int(index)), line)
    for index in order:
        if (place := places[index]) is not None:
            _write(picture, str(index + 1), place, _colour(int(index)), scale)
    return picture


def number_place(mask: np.ndarray) -> tuple[int, int] | None:
    """The pixel x, y of a mask, (H, W) bool, that is farthest from its edge; None if it is empty.

    The edges of the image count as edges of the mask.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    inside = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    padded = np.pad(inside.astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(columns[0] + column), int(rows[0] + row)


def _places(masks: np.ndarray, scale: float) -> list[tuple[int, int] | None]:
    """Where the numbers stand, none on another's place where there is room."""
    places: list[tuple[int, int] | None] = [None] * len(masks)
    smaller, written = (np.zeros(masks.shape[1:], dtype=bool) for _ in range(2))
    for index in np.argsort(masks.sum((1, 2)), kind="stable"):
        mask = masks[index]
        own = mask & ~smaller
        for region in (own & ~written, mask & ~written, mask):
            place = places[index] = number_place(region)
            if place is not None:
                width, height = _size(str(index + 1), scale)
                rows = slice(max(0, place[1] - height), place[1] + height + 1)
                written[rows, max(0, place[0] - width) : place[0] + width + 1] = True
                break
        smaller |= mask
    return places


def _size(text: str, scale: float) -> tuple[int, int]:
    """Width and height of a number with its field in pixels."""
    thickness, margin = _thickness(scale), _margin(scale)
    (width, height), below = cv2.getTextSize(text, FONT, scale, thickness)
    return width + 2 * margin, height + 2 * margin + below // 2


def _thickness(scale: float) -> int:
    return max(1, round(2 * scale))


def _margin(scale: float) -> int:
    return max(1, round(3 * scale))


def _colour(index: int) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(index * GOLDEN % 1, 0.9, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _write(
    picture: np.ndarray,
    text: str,
    place: tuple[int, int],
    colour: tuple[int, int, int],
    scale: float,
) -> None:
    """A number on a dark field, wholly in the picture where there is room."""
    thickness, margin = _thickness(scale), _margin(scale)
    (width, height), below = cv2.getTextSize(text, FONT, scale, thickness)
    left = min(max(place[0] - width // 2, margin), max(picture.shape[1] - width - margin, 0))
    base = min(max(place[1] + height // 2, height + margin), picture.shape[0] - 1 - margin)
    corner = (left - margin, base - height - margin)
    cv2.rectangle(picture, corner, (left + width + margin, base + margin + below // 2),
                  (16, 16, 16), cv2.FILLED)  # fmt: skip
    cv2.putText(picture, text, (left, base), FONT, scale, colour, thickness, cv2.LINE_AA)
