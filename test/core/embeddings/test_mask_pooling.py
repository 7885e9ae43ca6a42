# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from llmseg_core.embeddings.mask_pooling import mask_pooling, proposal_weights


def pool_directly(masks: Tensor, feature_map: Tensor, pooling_size: int, antialias: bool) -> Tensor:
    """As the method defines it: both resized to the pooling square, then the weighted mean."""
    height, width = masks.shape[1:]
    side = max(height, width)
    square = F.pad(masks.float(), (0, side - width, 0, side - height))
    size = (pooling_size, pooling_size)
    small = F.interpolate(square[None], size, mode="bilinear", antialias=antialias)[0]
    large = F.interpolate(feature_map[None], size, mode="bilinear")[0]
    total = torch.einsum("kyx,cyx->kc", small, large)
    return total / (small.sum((1, 2)) + 1e-8)[:, None]


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize(
    ("image_size", "cells", "pooling_size"),
    [
        ((48, 64), 4, 16),
        ((64, 48), 4, 16),  # portrait
        ((40, 40), 24, 96),  # the image is smaller than the pooling square
        ((480, 640), 24, 96),
        ((300, 500), 64, 256),
        ((33, 17), 5, 5),  # masks meet features on the feature grid itself
    ],
)
def test_equals_pooling_at_full_resolution(
    image_size: tuple[int, int], cells: int, pooling_size: int, antialias: bool
) -> None:
    height, width = image_size
    masks = torch.rand(4, height, width) > 0.7
    masks[0] = False
    masks[0, height // 2, width // 2 :] = True
    masks[1, : height // 3] = False
    feature_map = torch.randn(6, cells, cells)
    weights = proposal_weights(masks, (cells, cells), pooling_size, antialias)
    torch.testing.assert_close(
        mask_pooling(feature_map, weights),
        pool_directly(masks, feature_map, pooling_size, antialias),
        atol=1e-4,
        rtol=0,
    )


def test_single_pixel_takes_the_features_around_it() -> None:
    masks = torch.zeros(1, 480, 640, dtype=torch.bool)
    masks[0, 479, 0] = True
    feature_map = torch.arange(24.0)[:, None].expand(24, 24)[None]  # each row holds its number
    weights = proposal_weights(masks, (24, 24), 96)
    pooled = mask_pooling(feature_map, weights)
    row_of_pixel = 479.5 / 640 * 24 - 0.5
    assert pooled.item() == pytest.approx(row_of_pixel, abs=0.2)


def test_empty_mask_gives_zeros_and_no_mask_gives_no_row() -> None:
    masks = torch.zeros(1, 20, 30, dtype=torch.bool)
    feature_map = torch.randn(3, 4, 4)
    assert mask_pooling(feature_map, proposal_weights(masks, (4, 4), 16)).tolist() == [[0, 0, 0]]
    assert mask_pooling(feature_map, proposal_weights(masks[:0], (4, 4), 16)).shape == (0, 3)


def test_constant_features_are_kept_under_any_mask() -> None:
    masks = torch.rand(5, 31, 57) > 0.9
    pooled = mask_pooling(torch.full((2, 4, 4), 3.0), proposal_weights(masks, (4, 4), 16))
    torch.testing.assert_close(pooled, torch.full((5, 2), 3.0))


def test_gradients_reach_the_features_also_after_inference() -> None:
    masks = torch.rand(3, 30, 41) > 0.5
    with torch.inference_mode():
        proposal_weights(masks, (4, 4), 16)
    feature_map = torch.randn(2, 4, 4, requires_grad=True)
    mask_pooling(feature_map, proposal_weights(masks, (4, 4), 16)).sum().backward()
    assert feature_map.grad is not None
    torch.testing.assert_close(feature_map.grad.sum(), torch.tensor(6.0))
