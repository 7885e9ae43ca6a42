# SPDX-License-Identifier: Apache-2.0
"""Images on their way into a VLM: what each family's pixels have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

__all__ = ["VlmImage", "VlmPixels"]


@dataclass(frozen=True)
class VlmImage:
    """One image as a VLM takes it.

    Attributes:
        pixels: (n, ...) float32, n parts: one square of LLaVA, patches of Qwen, tiles of SmolVLM.
        grid: (rows, columns) of parts, from which the number of tokens follows.
        seen_size: (height, width) of the image as the VLM sees it, in pixels.
    """

    pixels: Tensor
    grid: tuple[int, int]
    seen_size: tuple[int, int]


class VlmPixels(Protocol):
    """How a family's images are made; needs no weights."""

    @property
    def longest_grid(self) -> tuple[int, int]:
        """The grid of the image with the most tokens."""

    def see(self, image: np.ndarray, device: torch.device | str = "cpu") -> VlmImage:
        """An image as the VLM takes it.

        Args:
            image: (H, W, 3) uint8 RGB.
            device: of the result.
        """

    def settings(self) -> Mapping[str, Any] | None:
        """What `preprocessor_config.json` says of it; None where no such file is needed."""
