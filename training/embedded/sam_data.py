# SPDX-License-Identifier: Apache-2.0
"""Rendered scenes as training samples of the embedded SAM: an image, point prompts, their masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor

from llmseg_core.images.image_ops import normalize_and_pad, resize_longest_side

from ..learning.batch import Batch
from ..learning.mask_losses import soft_masks
from ..scenes import BACKGROUND_ID, TABLE_ID
from ..trainer.drawn_dataset import DrawnDataset

__all__ = [
    "JoinedImages",
    "LabelledImage",
    "LabelledImages",
    "SamBatch",
    "SamDataset",
    "SamSample",
    "collate_sam",
    "square_labels",
]

MASK_CELL = 2
"""pixels of SAM's input along one pixel of its low-resolution masks"""


class LabelledImage(Protocol):
    """An image and what is where in it."""

    @property
    def image(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        ...

    @property
    def instances(self) -> np.ndarray:
        """(H, W) uint8, `BACKGROUND_ID`, `TABLE_ID`, or another number for each object."""
        ...


class LabelledImages(Protocol):
    """Some of them, such as rendered scenes."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> LabelledImage: ...


class JoinedImages:
    """The images of several collections, one after the other.

    Args:
        parts: at least one.
    """

    def __init__(self, parts: Sequence[LabelledImages]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, index: int) -> LabelledImage:
        for part in self.parts:
            if index < len(part):
                return part[index]
            index -= len(part)
        raise IndexError(f"there are {len(self)} images")


@dataclass(frozen=True)
class SamSample:
    """One image with N point prompts.

    Attributes:
        pixel_values: (3, S, S) float32, normalised and padded.
        points: (N, 2) float32, x and y in pixels of the resized image.
        masks: (N, S / 2, S / 2) float32 in [0, 1], the instance under each point.
        dense: (4, S / 2, S / 2) float32: object, table (0 or 1), and the offset x and y to the
            centre of the pixel's own object in units of 32 pixels (0 outside objects).
    """

    pixel_values: Tensor
    points: Tensor
    masks: Tensor
    dense: Tensor


@dataclass(frozen=True)
class SamBatch(Batch):
    """B images with N point prompts each; see `SamSample`.

    Attributes:
        pixel_values: (B, 3, S, S) float32.
        points: (B, N, 2) float32.
        masks: (B, N, S / 2, S / 2) float32.
        dense: (B, 4, S / 2, S / 2) float32.
    """

    pixel_values: Tensor
    points: Tensor
    masks: Tensor
    dense: Tensor


class SamDataset(DrawnDataset[SamSample]):
    """Scenes with randomly drawn prompts.

    Args:
        scenes: images with the instances in them.
        image_size: S, side of SAM's square input in pixels.
        points: N prompts an image.
        augment: mirror and brighten at random.
        seed: of the draws.
    """

    def __init__(
        self, scenes: LabelledImages, image_size: int, points: int, augment: bool, seed: int
    ) -> None:
        super().__init__(seed)
        self.scenes, self.image_size, self.points = scenes, image_size, points
        self.augment = augment

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> SamSample:
        rng = self.rng(index)
        scene = self.scenes[index]
        image, instances = scene.image, scene.instances
        if self.augment:
            image, instances = augment_scene(image, instances, rng)
        image = resize_longest_side(image, self.image_size)
        height, width = image.shape[:2]
        square = square_labels(instances, (height, width), self.image_size)
        points, ids = draw_points(square[:height, :width], self.points, rng)
        labels = torch.from_numpy(square)
        return SamSample(
            pixel_values=normalize_and_pad(image, self.image_size),
            points=torch.from_numpy(points),
            masks=soft_masks(labels, torch.from_numpy(ids), MASK_CELL),
            dense=dense_targets(labels[::MASK_CELL, ::MASK_CELL]),
        )


def square_labels(instances: np.ndarray, size: tuple[int, int], side: int) -> np.ndarray:
    """(side, side) int64, what is where in an image resized to `size` (h, w), -1 in the padding.

    Args:
        instances: (H, W) uint8 instance ids, of the image before.
        size: of the image in the square.
        side: of the square.
    """
    labels = np.full((side, side), -1, dtype=np.int64)
    shrunk = cv2.resize(instances, size[::-1], interpolation=cv2.INTER_NEAREST)
    labels[: size[0], : size[1]] = shrunk
    return labels


def augment_scene(
    image: np.ndarray, instances: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mirror (half the time), crop up to a quarter of each side away, change brightness."""
    if rng.random() < 0.5:
        image, instances = image[:, ::-1], instances[:, ::-1]
    if rng.random() < 0.5:
        height, width = instances.shape
        share = rng.uniform(0.75, 1.0)
        rows, columns = int(height * share), int(width * share)
        top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
        image = image[top : top + rows, left : left + columns]
        instances = instances[top : top + rows, left : left + columns]
    gain = rng.uniform(0.8, 1.2)
    image = np.clip(image.astype(np.float32) * gain, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(image), np.ascontiguousarray(instances)


def draw_points(
    instances: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`count` random pixels: four of five on objects, each object alike, the rest anywhere.

    Returns:
        (count, 2) float32 x and y of the pixels, and (count,) int64 ids of the instances there.
    """
    flat = instances.ravel()
    ids, starts, sizes = _groups(flat)
    order = np.argsort(flat, kind="stable")
    objects = np.flatnonzero((ids != BACKGROUND_ID) & (ids != TABLE_ID) & (sizes >= 20))
    pixels = rng.integers(len(flat), size=count)
    if len(objects):
        on_object = rng.random(count) < 0.8
        chosen = rng.choice(objects, count)
        place = starts[chosen] + (rng.random(count) * sizes[chosen]).astype(np.int64)
        pixels = np.where(on_object, order[place], pixels)
    points = np.stack((pixels % instances.shape[1], pixels // instances.shape[1]), 1)
    return points.astype(np.float32), flat[pixels].astype(np.int64)


def _groups(flat: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ids, sizes = np.unique(flat, return_counts=True)
    return ids, np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes


def dense_targets(labels: Tensor) -> Tensor:
    """What every place of the image should tell SAM's encoder (see `SamSample.dense`).

    Args:
        labels: (s, s) int64 instance ids, -1 in the padding.
    """
    height, width = labels.shape
    is_object = (labels > 0) & (labels != TABLE_ID)
    flat = labels.clamp(min=0).flatten()
    sizes = torch.bincount(flat, minlength=256).clamp(min=1)
    planes = [is_object.float(), (labels == TABLE_ID).float()]
    for axis, length in ((1, width), (0, height)):
        place = torch.arange(length).float()
        grid = (place[None] if axis else place[:, None]).expand(height, width).flatten()
        centre = torch.bincount(flat, grid, minlength=256) / sizes
        offset = (centre[flat] - grid).view(height, width) * MASK_CELL / 32
        planes.append(offset.float() * is_object)
    return torch.stack(planes)


def collate_sam(samples: Sequence[SamSample]) -> SamBatch:
    """Stack samples."""
    names = [spec.name for spec in fields(SamBatch)]
    return SamBatch(*(torch.stack([getattr(each, name) for each in samples]) for name in names))
