# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
from PIL import Image


def to_pil_image(pic: np.ndarray) -> Image.Image:
    return Image.fromarray(pic)


def resize(img: Image.Image, size: tuple[int, int]) -> Image.Image:
    height, width = size
    if img.size == (width, height):
        return img
    return img.resize((width, height), Image.Resampling.BILINEAR)
