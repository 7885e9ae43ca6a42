# SPDX-License-Identifier: Apache-2.0
"""Rendered scenes as training samples of a small SAM or SAM 2: points and boxes, their masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np
import torch
from torch import Tensor
from transformers import SamVisionConfig

from llmseg_core.images.image_ops import normalize_and_pad, resize_longest_side
from llmseg_core.proposals.sam_encoder import without_padding

from ..learning.batch import Batch
from ..trainer.drawn_dataset import DrawnDataset
from .recolouring import recoloured
from .sam_data import (
    MASK_CELL,
    LabelledImages,
    augment_scene,
    dense_targets,
    draw_points,
    square_labels,
)

__all__ = ["PromptBatch", "PromptDataset", "PromptSample", "collate_prompts", "noisy_boxes"]

BOX_NOISE = 0.1
"""deviation of a box's sides from the thing's, in shares of its width and height"""


@dataclass(frozen=True)
class PromptSample:
    """One image with N prompts, each as a point and as a box.

    Attributes:
        pixel_values: (3, S, S) float32, stretched to a square or padded, normalised.
        points: (N, 2) float32, x and y in pixels of the square.
        boxes: (N, 4) float32, left, top, right, bottom of what is under each point, with noise.
        masks: (N, m, m) float32 in [0, 1], what share of each cell it covers.
        dense: (4, S / 2, S / 2) float32, see `SamSample.dense`.
        inside: (2,) int64, rows and columns of the image in the square; the rest is padding.
        sharp: (3, s S, s S) float32, the pixels s times as sharp.
    """

    pixel_values: Tensor
    points: Tensor
    boxes: Tensor
    masks: Tensor
    dense: Tensor
    inside: Tensor
    sharp: Tensor


@dataclass(frozen=True)
class PromptBatch(Batch):
    """B images with N prompts each: the fields of `PromptSample` with B before all else."""

    pixel_values: Tensor
    points: Tensor
    boxes: Tensor
    masks: Tensor
    dense: Tensor
    inside: Tensor
    sharp: Tensor

    def without_padding(self, config: SamVisionConfig) -> PromptBatch:
        """The same, but `sharp`, without what is padding in all images.

        See `sam_encoder.without_padding`; no cell of the masks may be smaller than a pixel.
        """
        side = self.pixel_values.shape[-1]
        rows, columns = self.inside.amax(0).tolist()

        def shown(values: Tensor) -> Tensor:
            cell = side // values.shape[-1]
            return without_padding(values, -(-rows // cell), -(-columns // cell), config, cell)

        return replace(
            self,
            pixel_values=shown(self.pixel_values),
            masks=shown(self.masks),
            dense=shown(self.dense),
        )


class PromptDataset(DrawnDataset[PromptSample]):
    """Scenes with randomly drawn prompts.

    Masks are shrunk from the scene's own pixels, not from those of the square: a cell knows what
    share of it a thing covers, which is where an edge between pixels is learned from.

    Args:
        scenes: images with the instances in them.
        image_size: S, side of SAM's square input in pixels.
        points: N prompts an image.
        augment: mirror, crop and brighten at random.
        seed: of the draws.
        stretched: whether images are stretched to the square, as SAM 2 sees them; else they are
            padded right and below, as SAM does.
        recoloured: how likely it is that a thing gets other colours, [0, 1].
        cell: pixels of `sharp` along a cell of `masks`, a divisor of its side.
        sharpness: s, 1 or more.
    """

    def __init__(
        self,
        scenes: LabelledImages,
        image_size: int,
        points: int,
        augment: bool,
        seed: int,
        stretched: bool,
        recoloured: float = 0.0,
        cell: int = MASK_CELL,
        sharpness: int = 1,
    ) -> None:
        super().__init__(seed)
        self.scenes, self.image_size, self.points = scenes, image_size, points
        self.augment, self.stretched, self.recoloured = augment, stretched, recoloured
        self.cell, self.sharpness = cell, sharpness

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> PromptSample:
        rng = self.rng(index)
        scene = self.scenes[index]
        image, instances = scene.image, scene.instances
        if self.augment:
            image, instances = augment_scene(image, instances, rng)
            if self.recoloured:
                image = recoloured(image, instances, self.recoloured, rng)
        if self.stretched:
            square = (self.image_size, self.image_size)
            shown = cv2.resize(image, square, interpolation=cv2.INTER_AREA)
        else:
            shown = resize_longest_side(image, self.image_size)
        rows, columns = shown.shape[:2]
        points, ids = draw_points(instances, self.points, rng)
        scale = np.array((columns, rows), np.float32) / instances.shape[::-1]
        labels = square_labels(instances, (rows, columns), self.image_size)
        dense = dense_targets(torch.from_numpy(labels[::MASK_CELL, ::MASK_CELL]))
        pixel_values = sharp = normalize_and_pad(shown, self.image_size)
        if self.sharpness > 1:
            side = self.sharpness * self.image_size
            sharp = normalize_and_pad(resize_longest_side(image, side), side)
        cells = self.sharpness / self.cell
        return PromptSample(
            pixel_values=pixel_values,
            points=torch.from_numpy((points + 0.5) * scale - 0.5).float(),
            boxes=torch.from_numpy(noisy_boxes(instances, ids, rng) * np.tile(scale, 2)).float(),
            masks=_masks(
                instances, ids, int(self.image_size * cells), rows * cells, columns * cells
            ),
            dense=dense,
            inside=torch.tensor((rows, columns)),
            sharp=sharp,
        )


def _masks(
    instances: np.ndarray, ids: np.ndarray, side: int, rows: float, columns: float
) -> Tensor:
    """(N, side, side) float32, what share of each cell the instances cover; 0 in the padding."""
    inside = round(columns), round(rows)
    shares: dict[int, np.ndarray] = {}
    for number in ids.tolist():
        if number not in shares:
            mask = (instances == number).astype(np.float32)
            shares[number] = np.zeros((side, side), np.float32)
            shrunk = cv2.resize(mask, inside, interpolation=cv2.INTER_AREA)
            shares[number][: inside[1], : inside[0]] = shrunk
    return torch.from_numpy(np.stack([shares[number] for number in ids.tolist()]))


def noisy_boxes(instances: np.ndarray, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The instances' boxes, each drawn a little off.

    Args:
        instances: (H, W) uint8, what is where.
        ids: (N,) int64, numbers that are in `instances`.
        rng: of the noise.

    Returns:
        (N, 4) float32, left, top, right, bottom in pixels of the scene.
    """
    height, width = instances.shape
    boxes = np.zeros((len(ids), 4), np.float32)
    for box, number in zip(boxes, ids.tolist(), strict=True):
        rows, columns = (np.flatnonzero((instances == number).any(axis)) for axis in (1, 0))
        sides = np.array((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1), np.float32)
        size = np.tile(sides[2:] - sides[:2], 2)
        box[:] = sides + rng.normal(0, BOX_NOISE, 4).clip(-0.2, 0.2) * size
    return boxes.clip(0, np.array((width, height, width, height), np.float32))


def collate_prompts(samples: Sequence[PromptSample]) -> PromptBatch:
    """Stack samples."""
    names = [spec.name for spec in fields(PromptBatch)]
    return PromptBatch(*(torch.stack([getattr(each, name) for each in samples]) for name in names))
