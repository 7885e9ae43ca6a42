# SPDX-License-Identifier: Apache-2.0
"""What everything mode looks at: the image and its crops, and the prompts in each."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from llmseg_core.config import ProposalConfig
from llmseg_core.images.image_ops import resized_shape

from .crops import Crop, image_crops
from .mask_resize import LogitResize

__all__ = ["ImageView", "image_views", "point_grid"]


@dataclass(frozen=True)
class ImageView:
    """One crop of an image, or the image itself; the same for all images of one size.

    Attributes:
        crop: which pixels.
        resize: low-resolution logits to the size of the crop.
        points: (N, 2) float32, the grid in pixels of the image.
        prompts: (N, 2) float64, the grid in pixels of SAM's resized input.
        coarse: (N,) bool on the CPU, the points that are decoded before the others.
    """

    crop: Crop
    resize: LogitResize
    points: Tensor
    prompts: Tensor
    coarse: Tensor


def point_grid(per_side: int, height: int, width: int) -> Tensor:
    """Centres of a regular grid of cells over the image, row by row.

    Returns:
        (per_side ** 2, 2) float64, x and y in pixels of a (height, width) image.
    """
    place = (torch.arange(per_side, dtype=torch.float64) + 0.5) / per_side
    y, x = torch.meshgrid(place * height, place * width, indexing="ij")
    return torch.stack((x.flatten(), y.flatten()), 1)


def image_views(
    image_size: tuple[int, int],
    config: ProposalConfig,
    mask_size: tuple[int, int],
    input_size: int,
    device: torch.device,
) -> list[ImageView]:
    """The image first, then its crops.

    Args:
        image_size: (H, W) in pixels.
        config: crops and grids.
        mask_size: (4 h, 4 w) of SAM's low-resolution logits.
        input_size: side of SAM's input in pixels.
        device: of the prompts and of the resize, which are put there once.
    """
    views = []
    for crop in image_crops(*image_size, config.crop_n_layers, config.crop_overlap_ratio):
        height, width = crop.size
        per_side = config.points_per_side // config.crop_n_points_downscale_factor**crop.layer
        grid = point_grid(per_side, height, width)
        rows, columns = resized_shape(height, width, input_size)
        scale = torch.tensor((columns / width, rows / height), dtype=torch.float64)
        points = (grid + torch.tensor((crop.left, crop.top))).float()
        every = torch.arange(per_side) % config.coarse_step == config.coarse_step // 2
        views.append(
            ImageView(
                crop,
                LogitResize(mask_size, crop.size, input_size, device),
                points.to(device),
                (grid * scale).to(device),
                (every[:, None] & every).flatten(),
            )
        )
    return views
