# SPDX-License-Identifier: Apache-2.0
"""SmolVLM 2: pixels, conversation and network.

An image is cut into square tiles, and a last one shows the whole; each takes as many tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isqrt
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from llmseg_core.images.image_ops import check_image
from llmseg_core.images.imagenet_pixels import normalized, resized_image

from .conversation import Conversation, encoded
from .image_vlm import ImageFeatures, ImageVlm
from .vlm_image import VlmImage

__all__ = ["SmolVlm", "SmolVlmConversation", "SmolVlmPixels"]

FAKE, WHOLE = "<fake_token_around_image>", "<global-img>"
"""tokens before every tile, and before the one that shows the whole"""
LARGEST = 4096
"""pixels of the longest side, whatever the settings say"""
ALONE = (0, 0)
"""grid of an image that is not cut"""


@dataclass(frozen=True)
class SmolVlmPixels:
    """How an image becomes tiles.

    Attributes:
        tile: pixels a side of a tile.
        longest_side: pixels that the longest side is resized to.
        split: whether an image is cut at all.
        mean: of red, green and blue, [0, 1].
        std: of red, green and blue, [0, 1].
    """

    tile: int = 364
    longest_side: int = 4 * 364
    split: bool = True
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)

    @classmethod
    def from_settings(
        cls, settings: Mapping[str, Any], max_pixels: int | None = None
    ) -> SmolVlmPixels:
        """From what a `preprocessor_config.json` says.

        Args:
            settings: of the file.
            max_pixels: most pixels of the resized image, if fewer than the file's: its longest side
                is at most the root of it, and one tile at least.
        """
        tile = (settings.get("max_image_size") or {}).get("longest_edge") or cls.tile
        longest = (settings.get("size") or {}).get("longest_edge") or 4 * tile
        if max_pixels is not None:
            longest = min(longest, max(tile, isqrt(max_pixels)))
        return cls(
            tile,
            longest,
            settings.get("do_image_splitting", cls.split),
            tuple(settings.get("image_mean", cls.mean)),
            tuple(settings.get("image_std", cls.std)),
        )

    @property
    def longest_grid(self) -> tuple[int, int]:
        """See `VlmPixels`."""
        most = ceil(min(self.longest_side, LARGEST) / self.tile)
        return (most, most) if self.split and most > 1 else ALONE

    def fitted(self, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) in pixels that an image is resized to before it is cut."""
        longest = self.longest_side
        if width >= height:
            rows, columns = int(longest / (width / height)), longest
            rows += rows % 2
        else:
            rows, columns = longest, int(longest * (width / height))
            columns += columns % 2
        rows, columns = max(rows, 1), max(columns, 1)
        if max(rows, columns) > LARGEST:
            ratio = columns / rows
            if columns >= rows:
                rows, columns = max(1, int(LARGEST / ratio)), LARGEST
            else:
                rows, columns = LARGEST, max(1, int(LARGEST * ratio))
        return rows, columns

    def see(self, image: np.ndarray, device: torch.device | str = "cpu") -> VlmImage:
        """See `VlmPixels`; (n, 3, tile, tile), row by row, the whole image last."""
        size, tile, filter = self.fitted(*check_image(image).shape[:2]), self.tile, _FILTER
        resized = resized_image(image, size, filter)
        whole = self._whole_tiles(*size)
        grid = whole[0] // tile, whole[1] // tile
        if not self.split or grid == (1, 1):
            grid, whole = ALONE, (tile, tile)
        resized = resized_image(resized, whole, filter)
        tiles = [
            resized[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile]
            for row in range(grid[0])
            for column in range(grid[1])
        ]
        tiles.append(resized_image(resized, (tile, tile), filter))
        pixels = torch.cat([normalized(each, self.mean, self.std, device) for each in tiles])
        return VlmImage(pixels, grid, whole)

    def _whole_tiles(self, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) in pixels, multiples of a tile."""
        tile, ratio = self.tile, width / height
        if width >= height:
            width = ceil(width / tile) * tile
            height = ceil(int(width / ratio) / tile) * tile
        else:
            height = ceil(height / tile) * tile
            width = ceil(int(height * ratio) / tile) * tile
        return height, width

    def settings(self) -> dict[str, Any]:
        """See `VlmPixels`."""
        return {
            "image_processor_type": "SmolVLMImageProcessor",
            "max_image_size": {"longest_edge": self.tile},
            "size": {"longest_edge": self.longest_side},
            "do_image_splitting": self.split,
            "image_mean": list(self.mean),
            "image_std": list(self.std),
        }


_FILTER = Image.Resampling.LANCZOS


class SmolVlmConversation(Conversation):
    """SmolVLM's chat template; see `Conversation`."""

    image_token = "<image>"
    tokens = (FAKE, WHOLE)

    def prefix_ids(self, tokenizer: PreTrainedTokenizerBase, grid: tuple[int, int]) -> list[int]:
        """See `Conversation`."""
        tokens = self.image_token * _tokens_a_tile(self.config)
        rows = (
            "".join(f"{FAKE}<row_{row + 1}_col_{column + 1}>{tokens}" for column in range(grid[1]))
            for row in range(grid[0])
        )
        tiles = "".join(f"{row}\n" for row in rows) + ("\n" if grid != ALONE else "")
        text = f"<|im_start|>User:{tiles}{FAKE}{WHOLE}{tokens}{FAKE}"
        return encoded(tokenizer, text)

    def asked(self, question: str) -> str:
        """See `Conversation`."""
        return f"{question}<end_of_utterance>\nAssistant:"

    def answered(self, answer: str) -> str:
        """See `Conversation`."""
        return f" {answer}"


class SmolVlm(ImageVlm):
    """A `SmolVLMForConditionalGeneration`; see `ImageVlm`."""

    language_name = "text_model"

    def image_inputs(self, pixels: Tensor, grids: Sequence[tuple[int, int]]) -> dict[str, Tensor]:
        """See `ImageVlm`; the network takes all tiles as those of one image."""
        return {"pixel_values": pixels.to(self.model.dtype)[None]}

    def image_features(self, pixels: Tensor, grids: Sequence[tuple[int, int]]) -> ImageFeatures:
        """See `ImageVlm`."""
        network = self.model.model
        found = network.get_image_features(**self.image_inputs(pixels, grids), return_dict=True)
        count = _tokens_a_tile(self.model.config)
        sizes = [count * (rows * columns + 1) for rows, columns in grids]
        return [torch.cat(list(found.pooler_output)).split(sizes)]


def _tokens_a_tile(config: Any) -> int:
    """Positions that one tile takes in the prompt."""
    vision = config.vision_config
    return int((vision.image_size // vision.patch_size) ** 2 / config.scale_factor**2)
