# SPDX-License-Identifier: Apache-2.0
"""Rendered scenes as training samples of the image encoder: what is where, and in which colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from llmseg_core.embeddings.dinov2 import cells_inside
from llmseg_core.embeddings.mask_pooling import proposal_weights
from llmseg_core.images.image_ops import normalize_and_pad, resize_longest_side

from ..learning.batch import Batch
from ..questions import CATEGORIES, knowledge_of
from ..scenes import BACKGROUND_ID, COLOURS, TABLE_ID, SceneFolder
from ..trainer.drawn_dataset import DrawnDataset
from .sam_data import augment_scene

__all__ = [
    "COLOUR_NAMES",
    "RecognitionBatch",
    "RecognitionDataset",
    "class_names",
    "collate_recognition",
]

NO_OBJECTS = ("table", "background")
"""The last class names, which are not objects."""
COLOUR_NAMES = tuple(COLOURS)


def class_names(categories: Sequence[str] = CATEGORIES) -> tuple[str, ...]:
    """All categories of the smallest catalogue that has these, then `NO_OBJECTS`."""
    return (*knowledge_of(categories).categories, *NO_OBJECTS)


@dataclass(frozen=True)
class RecognitionSample:
    """One image with M instances.

    Attributes:
        pixel_values: (3, S, S) float32, normalised and padded.
        patches: (h * w,) int64, category of each patch, -100 where several meet.
        geometry: (h * w, 4) float32, for each patch on an object the way to the middle of its box
            and the size of the box, x then y, in patches / 8; NaN elsewhere.
        order: (h * w,) int64, all patches, those that show an object first, and last those that
            the encoder is not to see.
        inside: () int64, how many come before those.
        weights: (M, h * w) float32, pooling weights of each instance (see `proposal_weights`).
        categories: (M,) int64.
        colours: (M,) int64, -100 for table and background.
    """

    pixel_values: Tensor
    patches: Tensor
    geometry: Tensor
    order: Tensor
    inside: Tensor
    weights: Tensor
    categories: Tensor
    colours: Tensor


@dataclass(frozen=True)
class RecognitionBatch(Batch):
    """B images with M instances in all; see `RecognitionSample`.

    Attributes:
        pixel_values: (B, 3, S, S) float32.
        patches: (B, h * w) int64.
        geometry: (B, h * w, 4) float32.
        order: (B, h * w) int64.
        inside: (B,) int64.
        weights: (M, h * w) float32.
        categories: (M,) int64.
        colours: (M,) int64.
        image_index: (M,) int64, the image of each instance.
    """

    pixel_values: Tensor
    patches: Tensor
    geometry: Tensor
    order: Tensor
    inside: Tensor
    weights: Tensor
    categories: Tensor
    colours: Tensor
    image_index: Tensor


class RecognitionDataset(DrawnDataset[RecognitionSample]):
    """Scenes whose instance masks are roughened, as proposals are.

    Args:
        scenes: rendered scenes.
        image_size: S, side of the encoder's input in pixels.
        cells: patches along a side.
        pooling_size: see `ImageEncoderConfig`.
        augment: mirror, crop, brighten and roughen masks at random.
        seed: of the draws.
        categories: what scenes can have.
        skip_padding: whether the encoder is not to see patches of nothing but padding.
    """

    def __init__(
        self,
        scenes: SceneFolder,
        image_size: int,
        cells: int,
        pooling_size: int,
        augment: bool,
        seed: int,
        categories: Sequence[str] = CATEGORIES,
        skip_padding: bool = False,
    ) -> None:
        super().__init__(seed)
        self.skip_padding = skip_padding
        self.names = class_names(categories)
        self.scenes, self.image_size, self.cells = scenes, image_size, cells
        self.pooling_size, self.augment = pooling_size, augment

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> RecognitionSample:
        rng = self.rng(index)
        scene = self.scenes[index]
        image, instances = scene.image, scene.instances
        if self.augment:
            image, instances = augment_scene(image, instances, rng)
        category = np.full(256, -100, dtype=np.int64)
        colour = np.full(256, -100, dtype=np.int64)
        category[BACKGROUND_ID] = self.names.index("background")
        category[TABLE_ID] = self.names.index("table")
        for item in scene.objects:
            category[item.id] = self.names.index(item.category)
            colour[item.id] = COLOUR_NAMES.index(item.colour)
        ids = [i for i in np.unique(instances) if category[i] >= 0]
        ids = [i for i in ids if np.count_nonzero(instances == i) >= 30]
        masks = np.stack([instances == i for i in ids])
        if self.augment:
            masks = np.stack([roughen(mask, rng) for mask in masks])
        cells = (self.cells, self.cells)
        weights = proposal_weights(torch.from_numpy(masks), cells, self.pooling_size)
        shown = weights[torch.from_numpy(colour[ids] >= 0)].sum(0).numpy() > 0
        owners = patch_owners(instances, self.cells)
        padding = np.zeros(cells, dtype=bool)
        if self.skip_padding:
            height, width = instances.shape
            rows, columns = cells_inside(height, width, self.cells)
            padding[rows:] = padding[:, columns:] = True
        hidden = padding.ravel()
        return RecognitionSample(
            pixel_values=normalize_and_pad(
                resize_longest_side(image, self.image_size), self.image_size
            ),
            patches=torch.from_numpy(np.where(owners < 0, -100, category[owners])),
            geometry=patch_geometry(instances, owners, colour >= 0, self.cells),
            order=torch.from_numpy(np.argsort(rng.random(len(shown)) - shown + 2 * hidden)),
            inside=torch.tensor(np.count_nonzero(~hidden)),
            weights=weights,
            categories=torch.from_numpy(category[ids]),
            colours=torch.from_numpy(colour[ids]),
        )


def roughen(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask as a proposal generator might give it: grown, shrunk, or with a side missing."""
    kind = rng.random()
    rough = mask
    if kind < 0.5:
        size = int(rng.integers(1, 4))
        kernel = np.ones((2 * size + 1, 2 * size + 1), np.uint8)
        change = cv2.dilate if kind < 0.25 else cv2.erode
        rough = change(mask.astype(np.uint8), kernel) > 0
    elif kind < 0.7:
        rows, columns = np.nonzero(mask)
        angle = rng.uniform(0, 2 * np.pi)
        place = columns * np.cos(angle) + rows * np.sin(angle)
        cut = np.quantile(place, rng.uniform(0.4, 0.9))
        rough = np.zeros_like(mask)
        rough[rows[place <= cut], columns[place <= cut]] = True
    return rough if np.count_nonzero(rough) >= 30 else mask


def patch_owners(instances: np.ndarray, cells: int) -> np.ndarray:
    """The instance that fills most of each patch, judged by 5 x 5 of its pixels.

    Args:
        instances: (H, W) uint8 instance ids.
        cells: patches along the side of the padded square.

    Returns:
        (cells ** 2,) int64; -1 in the padding and where no instance fills half the patch.
    """
    height, width = instances.shape
    place = ((np.arange(cells * 5) + 0.5) * max(height, width) / (cells * 5)).astype(np.int64)
    rows, columns = place[place < height], place[place < width]
    sampled = np.full((cells * 5, cells * 5), -1, dtype=np.int64)
    sampled[: len(rows), : len(columns)] = instances[rows[:, None], columns]
    patches = sampled.reshape(cells, 5, cells, 5).transpose(0, 2, 1, 3).reshape(cells**2, 25)
    samples = torch.from_numpy(patches)
    owners = samples.mode(1).values
    votes = (samples == owners[:, None]).sum(1)
    return owners.masked_fill(votes < 13, -1).numpy()


def patch_geometry(
    instances: np.ndarray, owners: np.ndarray, is_object: np.ndarray, cells: int
) -> Tensor:
    """Where the box of each patch's object is (see `RecognitionSample.geometry`).

    Args:
        instances: (H, W) uint8 instance ids.
        owners: (cells ** 2,) int64 from `patch_owners`.
        is_object: (256,) bool by instance id.
        cells: patches along the side of the padded square.
    """
    scale = cells / max(instances.shape)
    boxes = np.full((257, 4), np.nan, dtype=np.float32)  # the last row is for no owner
    for owner in np.unique(owners[owners >= 0]):
        if is_object[owner]:
            rows, columns = np.nonzero(instances == owner)
            low = np.array((columns.min(), rows.min())) * scale
            high = np.array((columns.max() + 1, rows.max() + 1)) * scale
            boxes[owner] = *((low + high) / 2), *(high - low)
    y, x = np.divmod(np.arange(cells**2), cells)
    geometry = boxes[owners]
    geometry[:, :2] -= np.stack((x, y), 1) + 0.5
    return torch.from_numpy(geometry / 8)


def collate_recognition(samples: Sequence[RecognitionSample]) -> RecognitionBatch:
    """Stack images; the instances of all of them stand in one row."""
    counts = torch.tensor([len(sample.categories) for sample in samples])
    return RecognitionBatch(
        pixel_values=torch.stack([sample.pixel_values for sample in samples]),
        patches=torch.stack([sample.patches for sample in samples]),
        geometry=torch.stack([sample.geometry for sample in samples]),
        order=torch.stack([sample.order for sample in samples]),
        inside=torch.stack([sample.inside for sample in samples]),
        weights=torch.cat([sample.weights for sample in samples]),
        categories=torch.cat([sample.categories for sample in samples]),
        colours=torch.cat([sample.colours for sample in samples]),
        image_index=torch.arange(len(samples)).repeat_interleave(counts),
    )
