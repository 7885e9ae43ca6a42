# SPDX-License-Identifier: Apache-2.0
"""Images for the Qwen VLMs: resized to whole patches, normalised, cut into patches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from llmseg_core.images.clip_pixels import CLIP_MEAN, CLIP_STD
from llmseg_core.images.image_ops import check_image
from llmseg_core.images.imagenet_pixels import normalized, resized_image

from .vlm_image import VlmImage

__all__ = ["QwenPixels"]


@dataclass(frozen=True)
class QwenPixels:
    """How an image becomes patches.

    Attributes:
        patch_size: pixels a side of a patch.
        merge_size: patches a side that become one token.
        temporal_patch_size: times that a still image is repeated.
        min_pixels: fewest pixels of the resized image.
        max_pixels: most pixels of the resized image.
        mean: of red, green and blue, [0, 1].
        std: of red, green and blue, [0, 1].
        square: pixels a side that every image is stretched to before anything else; None keeps the
            image's shape.
    """

    patch_size: int = 14
    merge_size: int = 2
    temporal_patch_size: int = 2
    min_pixels: int = 56 * 56
    max_pixels: int = 28 * 28 * 1280
    mean: tuple[float, ...] = CLIP_MEAN
    std: tuple[float, ...] = CLIP_STD
    square: int | None = None

    @classmethod
    def from_settings(
        cls, settings: Mapping[str, Any], max_pixels: int | None, square: int | None = None
    ) -> QwenPixels:
        """From what a `preprocessor_config.json` says.

        Args:
            settings: of the file.
            max_pixels: most pixels of the resized image, if fewer than the file's.
            square: see the attribute.
        """
        size = settings.get("size") or {}
        made = cls(
            settings.get("patch_size", cls.patch_size),
            settings.get("merge_size", cls.merge_size),
            settings.get("temporal_patch_size", cls.temporal_patch_size),
            settings.get("min_pixels") or size.get("shortest_edge") or cls.min_pixels,
            settings.get("max_pixels") or size.get("longest_edge") or cls.max_pixels,
            tuple(settings.get("image_mean", cls.mean)),
            tuple(settings.get("image_std", cls.std)),
            square,
        )
        if max_pixels is None or max_pixels >= made.max_pixels:
            return made
        return replace(made, max_pixels=max_pixels, min_pixels=min(made.min_pixels, max_pixels))

    def fitted(self, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) of an image after resizing: whole tokens, within the limits of pixels."""
        height, width = self.square or height, self.square or width
        factor = self.patch_size * self.merge_size
        rows, columns = round(height / factor) * factor, round(width / factor) * factor
        if rows * columns > self.max_pixels:
            shrink = math.sqrt(height * width / self.max_pixels)
            rows = max(factor, math.floor(height / shrink / factor) * factor)
            columns = max(factor, math.floor(width / shrink / factor) * factor)
        elif rows * columns < self.min_pixels:
            grow = math.sqrt(self.min_pixels / (height * width))
            rows = math.ceil(height * grow / factor) * factor
            columns = math.ceil(width * grow / factor) * factor
        return rows, columns

    @property
    def longest_grid(self) -> tuple[int, int]:
        """See `VlmPixels`."""
        if self.square is not None:
            rows, columns = self.fitted(self.square, self.square)
            return rows // self.patch_size, columns // self.patch_size
        most = self.max_pixels // (self.patch_size * self.merge_size) ** 2
        return self.merge_size, self.merge_size * most

    def see(self, image: np.ndarray, device: torch.device | str = "cpu") -> VlmImage:
        """See `VlmPixels`; (n, 3 x temporal x patch x patch), the patches of a token together."""
        size = self.fitted(*check_image(image).shape[:2])
        resized = resized_image(image, size, Image.Resampling.BICUBIC)
        pixels = normalized(resized, self.mean, self.std, device)[0]
        patch, merge = self.patch_size, self.merge_size
        down, across = size[0] // patch, size[1] // patch
        cut = pixels.reshape(3, down // merge, merge, patch, across // merge, merge, patch)
        cut = cut.permute(1, 4, 2, 5, 0, 3, 6).unsqueeze(5)
        cut = cut.expand(-1, -1, -1, -1, -1, self.temporal_patch_size, -1, -1)
        return VlmImage(cut.reshape(down * across, -1), (down, across), size)

    def settings(self) -> dict[str, Any]:
        """See `VlmPixels`."""
        return {
            "image_processor_type": "Qwen2VLImageProcessor",
            "patch_size": self.patch_size,
            "merge_size": self.merge_size,
            "temporal_patch_size": self.temporal_patch_size,
            "size": {"shortest_edge": self.min_pixels, "longest_edge": self.max_pixels},
            "image_mean": list(self.mean),
            "image_std": list(self.std),
        }
