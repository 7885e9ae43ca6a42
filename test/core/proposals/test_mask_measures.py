# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from llmseg_core.images.image_ops import resized_shape
from llmseg_core.masks import masks_to_boxes
from llmseg_core.proposals import mask_measures
from llmseg_core.proposals.mask_measures import draw_masks, measure_masks
from llmseg_core.proposals.mask_resize import LogitResize

INPUT = 64
CELLS = (32, 32)


def two_resizes(low: Tensor, size: tuple[int, int]) -> Tensor:
    """What SAM does: to its input square, the padding cut off, to the image."""
    rows, columns = resized_shape(*size, INPUT)
    square = F.interpolate(low[:, None], (INPUT, INPUT), mode="bilinear")[..., :rows, :columns]
    return F.interpolate(square, size, mode="bilinear")[:, 0]


def some_logits() -> Tensor:
    """Blobs, noise, a line, full and empty masks, and one that is inside only in the padding."""
    noise = torch.randn(4, 1, 4, 4)
    blobs = 6 * F.interpolate(noise, CELLS, mode="bicubic")[:, 0] - 2
    low = torch.cat((blobs, 3 * torch.randn(2, *CELLS), torch.full((4, *CELLS), -5.0)))
    low[6, 7, 3:20] = 4
    low[7] = 5
    low[8, -1, -1] = 9
    return low


SIZES = [(48, 64), (64, 48), (30, 30), (300, 211), (250, 333), (9, 7), (1, 40), (64, 64)]


@pytest.mark.parametrize("size", SIZES)
def test_one_resize_equals_two(size: tuple[int, int]) -> None:
    low = some_logits()
    full = LogitResize(CELLS, size, INPUT)(low)
    torch.testing.assert_close(full, two_resizes(low, size), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("offset", [1.0, 0.0])
def test_measures_equal_those_of_drawn_masks(size: tuple[int, int], offset: float) -> None:
    low, resize = some_logits(), LogitResize(CELLS, size, INPUT)
    full = resize(low)
    masks = full > 0
    measures = measure_masks(low, resize, offset)
    stability = (full > offset).flatten(1).sum(1) / (full > -offset).flatten(1).sum(1)
    torch.testing.assert_close(measures.stability, stability, equal_nan=True)
    assert torch.equal(measures.areas, masks.flatten(1).sum(1))
    assert torch.equal(measures.boxes, masks_to_boxes(masks))
    assert torch.equal(draw_masks(low, measures.boxes, resize), masks)


@pytest.mark.parametrize("size", SIZES)
def test_logits_of_the_padding_are_not_needed(size: tuple[int, int]) -> None:
    low, resize = some_logits(), LogitResize(CELLS, size, INPUT)
    rows, columns = resize.needed
    few = low[:, :rows, :columns].contiguous()
    torch.testing.assert_close(resize(few), resize(low))
    measures = measure_masks(few, resize, 1.0)
    assert torch.equal(measures.areas, measure_masks(low, resize, 1.0).areas)
    drawn = draw_masks(low, measures.boxes, resize)
    assert torch.equal(draw_masks(few, measures.boxes, resize), drawn)
    shrunk = LogitResize(CELLS, (48, 64), INPUT)
    assert shrunk.needed == (-(-48 * CELLS[0] // INPUT) + 1, CELLS[1])


@pytest.mark.parametrize("memory", [3 * 7 * 48 * 64, 1, 2**30])
def test_many_masks_at_a_time(memory: int) -> None:
    """The way of a GPU, with memory for three masks, for less than one, for all."""
    low, resize = some_logits(), LogitResize(CELLS, (48, 64), INPUT)
    together = mask_measures._measure_together(low, resize, 1.0, memory)
    one_by_one = measure_masks(low, resize, 1.0)
    torch.testing.assert_close(together.stability, one_by_one.stability, equal_nan=True)
    assert torch.equal(together.areas, one_by_one.areas)
    assert torch.equal(together.boxes, one_by_one.boxes)


def test_no_mask() -> None:
    low, resize = torch.zeros(0, *CELLS), LogitResize(CELLS, (48, 64), INPUT)
    measures = measure_masks(low, resize, 1.0)
    assert measures.stability.shape == measures.areas.shape == (0,)
    assert draw_masks(low, measures.boxes, resize).shape == (0, 48, 64)


def test_windows_are_no_larger_than_needed() -> None:
    low = np.full(CELLS, -5.0, dtype=np.float32)
    resize = LogitResize(CELLS, (480, 640), INPUT)
    assert resize.window_above(low, -1.0) is None
    low[8, 16] = 1  # a cell is 20 pixels wide; bilinear reaches one and a half to each side
    window = resize.window_above(low, -1.0)
    assert window is not None
    assert 8 * 20 - 40 <= window.top < 8 * 20 < 9 * 20 < window.bottom <= 9 * 20 + 40
    assert 16 * 20 - 40 <= window.left < 16 * 20 < 17 * 20 < window.right <= 17 * 20 + 40
