# SPDX-License-Identifier: Apache-2.0
"""Masks from boxes and points: the interface, and what all SAMs have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from .target import Target

__all__ = ["DrawnMasks", "PromptedImage", "PromptedMasks", "draw_targets"]

PROMPTS_AT_ONCE = 32
"""Targets that are decoded together, so that many need no more memory than these."""


@dataclass(frozen=True)
class PromptedImage:
    """One image as a promptable segmenter has encoded it.

    Attributes:
        features: what the network's image encoder gives; the network's own affair.
        image_size: (H, W) of the image in pixels.
        input_scale: network pixels of one image pixel, across and down.
        pixels: (3, s S, s S) float32, what a refiner of sharpness s looks at, or None.
    """

    features: Any
    image_size: tuple[int, int]
    input_scale: tuple[float, float]
    pixels: Tensor | None = None


@dataclass(frozen=True)
class DrawnMasks:
    """One mask a target, in the targets' order.

    Attributes:
        masks: (N, H, W) bool, pixels of the image.
        predicted_iou: (N,) float32, how well the network thinks it drew each; about [0, 1].
    """

    masks: Tensor
    predicted_iou: Tensor

    def __post_init__(self) -> None:
        if self.masks.dtype != torch.bool or self.masks.ndim != 3:
            raise ValueError(
                f"masks are {self.masks.dtype} {tuple(self.masks.shape)}, they must be bool "
                f"(N, H, W)"
            )
        if self.predicted_iou.shape != (len(self.masks),):
            raise ValueError(
                f"predicted_iou has shape {tuple(self.predicted_iou.shape)}, it must be "
                f"({len(self.masks)},)"
            )


class PromptedMasks(Protocol):
    """A promptable segmenter: encodes an image once, and draws what boxes and points show."""

    @property
    def device(self) -> torch.device:
        """Where it runs."""

    def encode(self, image: np.ndarray) -> PromptedImage:
        """Encode an image.

        Args:
            image: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: if the image is no such array.
        """

    def draw(self, image: PromptedImage, targets: Sequence[Target]) -> DrawnMasks:
        """Draw one mask a target.

        Args:
            image: from `encode`; it is not changed.
            targets: N targets; none gives no mask.
        """


class Decode(Protocol):
    """What `draw_targets` asks a network."""

    def __call__(self, boxes: Tensor | None, points: Tensor | None) -> tuple[Tensor, Tensor]:
        """Masks of n targets that are shown alike.

        Args:
            boxes: (n, 4) float32 in network pixels, or None.
            points: (n, P, 2) float32 in network pixels, all on the targets, or None.

        Returns:
            (n, H, W) bool in pixels of the image, and (n,) predicted IoU.
        """


def draw_targets(
    image: PromptedImage, targets: Sequence[Target], device: torch.device, decode: Decode
) -> DrawnMasks:
    """Decode targets, those together that are shown by a box or not and by as many points.

    Args:
        image: gives sizes.
        targets: in pixels of the image.
        device: of the network.
        decode: one forward pass of the network's decoder.
    """
    masks = torch.zeros((len(targets), *image.image_size), dtype=torch.bool, device=device)
    quality = torch.zeros(len(targets), dtype=torch.float32, device=device)
    alike: dict[tuple[bool, int], list[int]] = {}
    for index, target in enumerate(targets):
        alike.setdefault((target.box_px is None, len(target.points_px)), []).append(index)
    scale = torch.tensor(image.input_scale, dtype=torch.float32, device=device)
    for (pointed, points), indices in alike.items():
        for start in range(0, len(indices), PROMPTS_AT_ONCE):
            some = indices[start : start + PROMPTS_AT_ONCE]
            boxes_px = [targets[index].box_px for index in some]
            points_px = [targets[index].points_px for index in some]
            boxes = None if pointed else _scaled(boxes_px, (-1, 2, 2), scale).reshape(-1, 4)
            marks = _scaled(points_px, (-1, points, 2), scale) if points else None
            drawn, predicted = decode(boxes, marks)
            place = torch.tensor(some, device=device)
            masks[place], quality[place] = drawn, predicted.float()
    return DrawnMasks(masks, quality)


def _scaled(values: Sequence[Any], shape: tuple[int, ...], scale: Tensor) -> Tensor:
    """Places x, y in pixels of the image as a tensor in network pixels."""
    return torch.tensor(values, dtype=torch.float32, device=scale.device).reshape(shape) * scale
