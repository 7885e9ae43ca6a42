# SPDX-License-Identifier: Apache-2.0
"""Crops of an image that everything mode looks at besides the whole, for small things.

The layout of segment-anything: layer 0 is the image, layer i has 2^i x 2^i overlapping crops.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil

import torch
from torch import Tensor

__all__ = ["Crop", "image_crops", "near_inner_edge"]

EDGE = 20.0
"""Pixels; a mask that ends this near to the edge of a crop goes on outside of it."""


@dataclass(frozen=True)
class Crop:
    """A rectangle of image pixels; right and bottom are the first ones outside."""

    left: int
    top: int
    right: int
    bottom: int
    layer: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.bottom - self.top, self.right - self.left

    @property
    def area(self) -> int:
        """Pixels inside."""
        return self.size[0] * self.size[1]


def image_crops(height: int, width: int, layers: int, overlap_ratio: float) -> list[Crop]:
    """The image itself, then the crops of each layer, column by column.

    Args:
        height: of the image in pixels.
        width: of the image in pixels.
        layers: of crops besides the image.
        overlap_ratio: overlap of neighbours in layer 1 as a fraction of the image's shorter side,
            [0, 1); half of that in each further layer.

    Returns:
        1 + 4 + 16 + ... crops; fewer where an image is too small to be cut so often.
    """
    crops = [Crop(0, 0, width, height, 0)]
    for layer in range(1, layers + 1):
        count = 2**layer
        overlap = int(overlap_ratio * min(height, width) * (2 / count))
        long, high = (ceil((overlap * (count - 1) + side) / count) for side in (width, height))
        for column, row in product(range(count), repeat=2):
            left, top = column * (long - overlap), row * (high - overlap)
            right, bottom = min(left + long, width), min(top + high, height)
            if left < right and top < bottom:
                crops.append(Crop(left, top, right, bottom, layer))
    return crops


def near_inner_edge(boxes: Tensor, crop: Crop, height: int, width: int) -> Tensor:
    """Which boxes end near an edge of the crop that is no edge of the image.

    Args:
        boxes: (n, 4) float32, left, top, right, bottom in pixels of the image.
        crop: where they were found.
        height: of the image in pixels.
        width: of the image in pixels.

    Returns:
        (n,) bool.
    """
    edges = boxes.new_tensor((crop.left, crop.top, crop.right, crop.bottom))
    image_edges = boxes.new_tensor((0, 0, width, height))
    near = (boxes - edges).abs() <= EDGE
    return torch.any(near & ~((boxes - image_edges).abs() <= EDGE), 1)
