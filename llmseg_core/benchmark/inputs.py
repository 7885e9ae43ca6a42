# SPDX-License-Identifier: Apache-2.0
"""Images that a benchmark runs on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from llmseg_core.images.image_files import find_images, read_image

__all__ = ["benchmark_frames"]


def benchmark_frames(
    size: tuple[int, int], folder: Path | None, count: int, seed: int = 0
) -> list[np.ndarray]:
    """Images (H, W, 3) uint8 RGB to run on, `count` of them at most.

    Args:
        size: width and height in pixels.
        folder: take its images, resized; None draws simple things on noise.
        count: at most so many.
        seed: of the drawing.
    """
    if folder is not None:
        images = (Image.fromarray(read_image(path)) for path in find_images([folder])[:count])
        return [np.array(image.resize(size)) for image in images]
    return [_drawing(size, np.random.default_rng((seed, index))) for index in range(count)]


def _drawing(size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    width, height = size
    noise = random.integers(90, 130, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    draw = ImageDraw.Draw(image)
    for index in range(12):
        half = random.uniform(0.03, 0.15, 2) * min(size)
        left, top = random.uniform(0, 1, 2) * size - half
        box = (left, top, left + 2 * half[0], top + 2 * half[1])
        shape = draw.ellipse if index % 2 else draw.rectangle
        shape(box, fill=tuple(random.integers(0, 256, 3).tolist()))
    return np.array(image)
