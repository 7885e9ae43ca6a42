# SPDX-License-Identifier: Apache-2.0
"""Proposals of an image that is too large: looked for in a shrunk one, enlarged when selected."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor

from llmseg_core.config import ProposalConfig
from llmseg_core.images.image_ops import check_image, resize_longest_side
from llmseg_core.types import Proposals

__all__ = ["enlarge_mask", "enlarge_masks", "propose_within_limits"]


def propose_within_limits(
    propose: Callable[[np.ndarray, int], Proposals], image: np.ndarray, config: ProposalConfig
) -> Proposals:
    """The largest proposals of an image, looked for in a smaller one if it is too large.

    Args:
        propose: (image, most) to the largest masks of an image at its own size.
        image: (H, W, 3) uint8 RGB.
        config: `max_image_side` and `max_proposals`.

    Returns:
        Largest first: masks at the size at which they were proposed, boxes and points in pixels of
        `image`.

    Raises:
        ValueError: if the image is not (H, W, 3) uint8 with at least one pixel.
    """
    check_image(image)
    size = (int(image.shape[0]), int(image.shape[1]))
    if max(size) <= config.max_image_side:
        return propose(image, config.max_proposals)
    found = propose(resize_longest_side(image, config.max_image_side), config.max_proposals)
    (height, width), (rows, columns) = found.image_size, size
    scale = found.points.new_tensor((columns / width, rows / height))
    ends = found.boxes_px.reshape(-1, 2, 2) + scale.new_tensor(((0.0,), (1.0,)))
    boxes = (ends * scale - scale.new_tensor(((0.0,), (1.0,)))).reshape(-1, 4)
    return replace(found, boxes_px=boxes, points=found.points * scale, image_size=size)


def enlarge_mask(mask: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """A mask at the size of the image: bilinear between pixel centres, cut at one half.

    Only the part of the image is computed in which the mask can be.

    Args:
        mask: (h, w) bool.
        image_size: (H, W) in pixels, neither side smaller than the mask's.

    Returns:
        (H, W) bool; `mask` itself if it has that size.
    """
    if mask.shape == image_size:
        return mask
    large = np.zeros(image_size, dtype=bool)
    in_rows, in_columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(in_rows):
        return large
    rows, to_rows = _around(in_rows, mask.shape[0], image_size[0])
    columns, to_columns = _around(in_columns, mask.shape[1], image_size[1])
    small = np.multiply(mask[rows, columns], 255, dtype=np.uint8)
    size = to_columns.stop - to_columns.start, to_rows.stop - to_rows.start
    soft = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    np.greater(soft, 127, out=large[to_rows, to_columns])
    return large


def enlarge_masks(masks: Tensor, image_size: tuple[int, int]) -> Tensor:
    """(K, h, w) bool to (K, H, W) bool on the CPU, each by `enlarge_mask`."""
    if tuple(masks.shape[1:]) == image_size:
        return masks.cpu()
    large = np.zeros((len(masks), *image_size), dtype=bool)
    for place, mask in zip(large, masks.cpu().numpy(), strict=True):
        place[:] = enlarge_mask(mask, image_size)
    return torch.from_numpy(large)


def _around(inside: np.ndarray, small: int, large: int) -> tuple[slice, slice]:
    """A part of a side of `small` pixels, and where it comes to lie on one of `large` pixels.

    It begins and ends where a pixel of the mask begins with one of the image, so that the part is
    resized as the whole would be, and leaves a pixel beside what is `inside`.
    """
    step = small // math.gcd(small, large)
    start = max(0, (int(inside[0]) - 1) // step * step)
    stop = min(small, -(-(int(inside[-1]) + 2) // step) * step)
    return slice(start, stop), slice(start * large // small, stop * large // small)
