# SPDX-License-Identifier: Apache-2.0
"""What must be known of a mask before it is worth drawing: stability, area, box.

On a CPU masks are taken one at a time, so that one mask's logits stay in the cache, and only in the
window where they can be inside; on a GPU as many at a time as a memory budget allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from llmseg_core.masks import mask_areas, masks_to_boxes

from .mask_resize import LogitResize, Window

__all__ = [
    "MaskMeasures",
    "draw_masks",
    "low_resolution_stability",
    "measure_logits",
    "measure_masks",
]

MEMORY = 512 * 2**20
"""Bytes of full-resolution logits and masks on a GPU at a time, if the caller does not say."""

MARGIN = 1e-3
"""Logits; far above what rounding can change between low and full resolution."""


@dataclass(frozen=True)
class MaskMeasures:
    """Measures of n masks at the size of the image.

    Attributes:
        stability: (n,) float32, IoU of the mask cut at +offset and -offset; NaN if both are empty.
        areas: (n,) int64, pixels above 0.
        boxes: (n, 4) float32, left, top, right, bottom, inclusive; zeros if the mask is empty.
    """

    stability: Tensor
    areas: Tensor
    boxes: Tensor


def measure_masks(
    low: Tensor, resize: LogitResize, offset: float, memory: int = MEMORY
) -> MaskMeasures:
    """Measure masks without keeping them.

    Args:
        low: (n, 4 h, 4 w) float logits.
        resize: to the size of the image.
        offset: logits by which the cut is moved up and down.
        memory: bytes of full-resolution logits and masks on a GPU at a time; at least one mask's
            are taken.
    """
    if low.device.type == "cpu":
        return _measure_one_by_one(low.float(), resize, offset)
    return _measure_together(low, resize, offset, memory)


def low_resolution_stability(low: Tensor, resize: LogitResize, offset: float) -> Tensor:
    """Stability counted in cells of the logits instead of pixels of the image.

    Args:
        low: (n, 4 h, 4 w) float logits.
        resize: to the size of the image.
        offset: logits by which the cut is moved up and down.

    Returns:
        (n,) float32, NaN if both cuts are empty.
    """
    cells = resize.inside(low).flatten(1)
    return (cells > offset).sum(1) / (cells > -offset).sum(1)


def measure_logits(low: Tensor, resize: LogitResize, offset: float) -> MaskMeasures:
    """Nearly what `measure_masks` finds, counted in cells of the logits.

    Args:
        low: (n, 4 h, 4 w) float logits.
        resize: to the size of the image.
        offset: logits by which the cut is moved up and down.

    Returns:
        Areas and boxes in pixels of the image, boxes between pixels: a cell that is above 0 counts
        as a whole. Stability as of `low_resolution_stability`.
    """
    masks = resize.inside(low) > 0
    rows, columns = masks.shape[1:]
    height, width = resize.image_size
    scale = torch.tensor((width / columns, height / rows), device=low.device)
    counts = mask_areas(masks)
    behind = scale.new_tensor(((0.0,), (1.0,)))  # inclusive ends, stretched as borders of cells
    boxes = (masks_to_boxes(masks).reshape(-1, 2, 2) + behind) * scale - behind
    boxes[counts == 0] = 0
    areas = (counts.double() * (height * width) / (rows * columns)).round().long()
    return MaskMeasures(low_resolution_stability(low, resize, offset), areas, boxes.reshape(-1, 4))


def draw_masks(low: Tensor, boxes: Tensor, resize: LogitResize, memory: int = MEMORY) -> Tensor:
    """The masks themselves, (n, H, W) bool.

    Args:
        low: (n, 4 h, 4 w) float logits.
        boxes: (n, 4) float32 of `measure_masks`; nothing is drawn outside of them.
        resize: to the size of the image.
        memory: as in `measure_masks`.
    """
    masks = torch.zeros((len(low), *resize.image_size), dtype=torch.bool, device=low.device)
    if low.device.type != "cpu":
        for part in _parts(len(low), resize, memory):
            masks[part] = resize(low[part]) > 0
        return masks
    for mask, logits, box in zip(masks.numpy(), low.float(), boxes.int().tolist(), strict=True):
        left, top, right, bottom = box
        for rows, band in resize.bands(logits, Window(top, bottom + 1, left, right + 1)):
            np.greater(band, 0, out=mask[rows, left : right + 1])
    return masks


def _measure_one_by_one(low: Tensor, resize: LogitResize, offset: float) -> MaskMeasures:
    counts = np.zeros((len(low), 3), dtype=np.int32)  # pixels above +offset, -offset and 0
    boxes = np.zeros((len(low), 4), dtype=np.float32)
    height, width = resize.image_size
    for count, box, logits in zip(counts, boxes, low, strict=True):
        window = resize.window_above(logits.numpy(), -abs(offset) - MARGIN)
        if window is None:
            continue
        in_rows, in_columns = np.zeros(height, dtype=bool), np.zeros(width, dtype=bool)
        for rows, band in resize.bands(logits, window):
            mask = band > 0
            levels = (band > offset, band > -offset, mask)
            count += [np.count_nonzero(above) for above in levels]
            in_rows[rows] = mask.any(1)
            in_columns[window.left : window.right] |= mask.any(0)
        if count[2]:
            box[0::2] = np.flatnonzero(in_columns)[[0, -1]]
            box[1::2] = np.flatnonzero(in_rows)[[0, -1]]
    inner, outer, areas = torch.from_numpy(counts).unbind(1)
    return MaskMeasures(inner / outer, areas.long(), torch.from_numpy(boxes))


def _measure_together(low: Tensor, resize: LogitResize, offset: float, memory: int) -> MaskMeasures:
    stability = torch.zeros(len(low), dtype=torch.float32, device=low.device)
    areas = torch.zeros(len(low), dtype=torch.int64, device=low.device)
    boxes = torch.zeros((len(low), 4), dtype=torch.float32, device=low.device)
    for part in _parts(len(low), resize, memory):
        logits = resize(low[part])
        inner, outer = ((logits > level).flatten(1).sum(1) for level in (offset, -offset))
        masks = logits > 0
        stability[part] = inner / outer
        areas[part] = masks.flatten(1).sum(1)
        boxes[part] = masks_to_boxes(masks)
    return MaskMeasures(stability, areas, boxes)


def _parts(count: int, resize: LogitResize, memory: int) -> Iterator[slice]:
    """Slices of as many masks as there is memory for: float32 logits and three bools a pixel."""
    height, width = resize.image_size
    step = max(1, memory // (7 * height * width))
    for start in range(0, count, step):
        yield slice(start, start + step)
