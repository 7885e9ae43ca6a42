# SPDX-License-Identifier: Apache-2.0
"""A picture of an answer: the mask tinted, its contour and box, and what was asked."""

from __future__ import annotations

import cv2
import numpy as np

from llmseg_core.types import Segmentation

from .caption import OpenCVText, fitted, one_line, style_for

__all__ = ["draw_overlay"]

MASK_COLOUR = (46, 196, 122)
BOX_COLOUR = (255, 214, 64)
TEXT_COLOUR = (255, 255, 255)
BAR_COLOUR = (24, 24, 24)
TINT = 0.5
TINTED = ((1 - TINT) * np.arange(256)[:, None] + TINT * np.array(MASK_COLOUR)).astype(np.uint8)
"""(256, 3): what the mask's colour makes of each value of red, green and blue"""


def draw_overlay(image: np.ndarray, segmentation: Segmentation) -> np.ndarray:
    """Draw an answer over its image.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        segmentation: the answer, of the same size.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: if image and mask differ in size.
    """
    mask = segmentation.mask.astype(np.uint8)
    if mask.shape != image.shape[:2]:
        raise ValueError(
            f"the mask has {mask.shape} (height, width) pixels, the image {image.shape[:2]}"
        )
    picture = image.copy()
    box = segmentation.box_px
    if box is not None:
        left, top, right, bottom = box
        region = picture[top : bottom + 1, left : right + 1]
        inside = mask[top : bottom + 1, left : right + 1]
        cv2.copyTo(cv2.LUT(region, TINTED[None]), inside, region)
        line = max(1, round(min(mask.shape) / 240))
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(picture, contours, -1, MASK_COLOUR, line)
        cv2.rectangle(picture, (left, top), (right, bottom), BOX_COLOUR, line)
    answer = f"{segmentation.confidence:.2f}" if segmentation.found else "nothing found"
    _draw_caption(picture, segmentation.instruction, answer)
    return picture


def _draw_caption(picture: np.ndarray, instruction: str, answer: str) -> None:
    """Write a dark bar over the top of `picture`: the instruction, cut to fit, and the answer."""
    height, width = picture.shape[:2]
    scale = max(0.35, min(height, width) / 900)
    own = OpenCVText(scale, max(1, round(scale * 1.5)))
    margin = max(2, round(8 * scale))
    bar = min(height, own.height + 3 * margin)
    picture[:bar] = BAR_COLOUR
    answer_width = own.width(answer)
    text = one_line(instruction)
    style = style_for(text, own)
    text = fitted(text, width - answer_width - 3 * margin, style)
    baseline = bar - round(1.5 * margin)
    style.draw(picture[:bar], text, (margin, baseline), TEXT_COLOUR)
    own.draw(picture[:bar], answer, (width - answer_width - margin, baseline), TEXT_COLOUR)
