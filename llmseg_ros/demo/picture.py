# SPDX-License-Identifier: Apache-2.0
"""The images of one outcome."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Picture", "encode_image"]

JPEG_QUALITY = 88


@dataclass(frozen=True)
class Picture:
    """What one outcome looks like.

    Attributes:
        overlay: (H, W, 3) uint8 RGB, what the node published.
        image: (H, W, 3) uint8 RGB, what the camera showed.
        target: (H, W) bool, the right answer.
    """

    overlay: NDArray[np.uint8]
    image: NDArray[np.uint8]
    target: NDArray[np.bool_]


def encode_image(rgb: NDArray[np.uint8], suffix: str) -> bytes:
    """An RGB image as a file's bytes; `suffix` is .png or .jpg."""
    parameters = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if suffix == ".jpg" else []
    done, data = cv2.imencode(suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), parameters)
    if not done:
        raise ValueError(f"OpenCV cannot write an image of shape {rgb.shape} as {suffix}")
    return data.tobytes()
