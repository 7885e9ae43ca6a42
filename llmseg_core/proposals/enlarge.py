# SPDX-License-Identifier: Apache-2.0
"""Proposals of an image that is too large: looked for in a shrunk one, enlarged when selected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
    rows = _Axis.around(in_rows, mask.shape[0], image_size[0])
    columns = _Axis.around(in_columns, mask.shape[1], image_size[1])
    soft = mask.astype(np.float32)
    across = columns.mix(soft[:, columns.low], soft[:, columns.high])
    for start in range(0, len(rows.low), _BAND):  # few enough rows to stay in a CPU's cache
        band = rows.band(start)
        mixed = band.mix(across[band.low].T, across[band.high].T).T
        np.greater(mixed, 0.5, out=large[band.pixels, columns.pixels])
    return large


def enlarge_masks(masks: Tensor, image_size: tuple[int, int]) -> Tensor:
    """(K, h, w) bool to (K, H, W) bool on the CPU, each by `enlarge_mask`."""
    if tuple(masks.shape[1:]) == image_size:
        return masks.cpu()
    large = np.zeros((len(masks), *image_size), dtype=bool)
    for place, mask in zip(large, masks.cpu().numpy(), strict=True):
        place[:] = enlarge_mask(mask, image_size)
    return torch.from_numpy(large)


_BAND = 256
"""Image rows that are enlarged at a time."""


class _Axis:
    """Which two pixels of a mask lie beside each pixel of the image, along one side.

    Attributes:
        pixels: of the image.
        low: (n,) int64, the mask's pixel before each of them.
        high: (n,) int64, the one after; the same at the mask's ends.
        share: (n,) float32 in [0, 1), weight of `high`.
    """

    def __init__(self, pixels: slice, low: np.ndarray, high: np.ndarray, share: np.ndarray) -> None:
        self.pixels, self.low, self.high, self.share = pixels, low, high, share

    @classmethod
    def around(cls, inside: np.ndarray, small: int, large: int) -> _Axis:
        """The part of an image's side of `large` pixels that some of `small` pixels can reach."""
        scale = large / small
        start = max(0, int((inside[0] - 1) * scale))
        stop = min(large, int((inside[-1] + 2) * scale) + 1)
        place = ((np.arange(start, stop) + 0.5) / scale - 0.5).clip(0, small - 1)
        low = place.astype(np.int64)
        share = (place - low).astype(np.float32)
        return cls(slice(start, stop), low, np.minimum(low + 1, small - 1), share)

    def band(self, start: int) -> _Axis:
        """`_BAND` pixels from the `start`th on."""
        part = slice(start, start + _BAND)
        first, low = self.pixels.start + start, self.low[part]
        return _Axis(slice(first, first + len(low)), low, self.high[part], self.share[part])

    def mix(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """What lies between two (m, n) arrays."""
        return low + (high - low) * self.share
