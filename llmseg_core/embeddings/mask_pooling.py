# SPDX-License-Identifier: Apache-2.0
"""Mask pooling: the mean of a feature map under each proposal (paper section 3.2).

The method upsamples the feature map bilinearly to P x P cells (P is `pooling_size`), shrinks each
mask, padded to a square, to the same P x P, and takes the weighted mean. Both resizes are linear
and separable, so the mask can be carried to the small feature grid instead: with R (P, H) the rows
of the antialiased shrinking and U (P, h) those of the upsampling, the weights of a mask m are

    (U^T R_rows) m (U^T R_columns)^T                     (h, w)

which is the same sum in another order, at two small matrix products a mask.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from llmseg_core.runtime.sending import sent

__all__ = ["mask_pooling", "proposal_weights"]


@lru_cache(maxsize=32)
def _axis_weights(pixels: int, side: int, pooling_size: int, cells: int, antialias: bool) -> Tensor:
    """(cells, pixels) float32: how much each pixel of one axis counts for each cell.

    Args:
        pixels: length of the image's axis.
        side: length of the square that the image is padded to, at least `pixels`.
        pooling_size: P, cells of the square on which mask and features meet.
        cells: length of the feature map's axis.
        antialias: whether the square is shrunk with antialiasing.
    """
    # The format is said everywhere: while another thread reads a model in half precision,
    # transformers makes that the default of the whole process.
    pixel, cell = (torch.eye(n, dtype=torch.float32)[None, None] for n in (side, cells))
    shrink = F.interpolate(pixel, (pooling_size, side), mode="bilinear", antialias=antialias)[0, 0]
    upsample = F.interpolate(cell, (pooling_size, cells), mode="bilinear")
    return upsample[0, 0].T @ shrink[:, :pixels]


def proposal_weights(
    masks: Tensor, feature_size: tuple[int, int], pooling_size: int, antialias: bool = True
) -> Tensor:
    """How much each cell of the feature map counts for each mask.

    Args:
        masks: (K, H, W) bool, of the image or of a smaller copy.
        feature_size: (h, w) of the feature map, which covers the image padded right and bottom to a
            square.
        pooling_size: P, cells a side of the square on which the method lets mask and features meet.
        antialias: whether masks are shrunk with antialiasing, as the method does; without, as the
            released training does for some of its data, thin masks may fall between the cells.

    Returns:
        (K, h * w) float32, at least 0; with antialiasing a row is all zero only where the mask is
        empty.
    """
    height, width = masks.shape[1:]
    side = max(height, width)
    rows, columns = (
        sent(_axis_weights(pixels, side, pooling_size, cells, antialias), masks.device)
        for pixels, cells in zip((height, width), feature_size, strict=True)
    )
    columns = columns.T.contiguous()
    weights = torch.empty((len(masks), *feature_size), dtype=torch.float32, device=masks.device)
    mask = torch.empty((height, width), dtype=torch.float32, device=masks.device)
    for pixels, result in zip(masks.view(torch.uint8), weights, strict=True):
        # One mask at a time stays in the CPU's cache.
        torch.matmul(rows @ mask.copy_(pixels), columns, out=result)
    return weights.flatten(1)


def mask_pooling(feature_map: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean of the feature map for each mask.

    Args:
        feature_map: (C, h, w) float.
        weights: (K, h * w) float32, from `proposal_weights`.

    Returns:
        (K, C) float32; zeros for an empty mask.
    """
    total = weights.sum(1, keepdim=True) + 1e-8
    return (weights / total) @ feature_map.flatten(1).T.to(weights.dtype)
