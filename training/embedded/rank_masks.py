# SPDX-License-Identifier: Apache-2.0
"""Stage "ranking" of the embedded model: SAM's predicted IoU learns to rank what it draws.

While masks are learned, the predicted IoU follows masks that change, at points that lie on objects
mostly. Everything mode asks anywhere, keeps what is predicted to be good, and of two masks of the
same thing the one of which more is predicted. So the head learns once more, when all else has:
at points anywhere, and for boxes of things, how well a mask fits what the prompt shows. (How well
it fits whatever in the image it fits best is easier to tell, but then of the three masks of a box
about a cup the one of the table behind it is said to be the best.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import SamModel

from llmseg_core.config.limits import Between
from llmseg_core.images.image_ops import normalize_and_pad, resize_longest_side
from llmseg_core.metrics.overlap import pairwise_iou
from llmseg_core.model_dir.network_files import save_network

from ..learning.batch import Batch
from ..scenes import BACKGROUND_ID, TABLE_ID
from ..trainer.drawn_dataset import DrawnDataset
from ..trainer.loop import TrainingLoop
from ..trainer.objective import LearningObjective, StepLoss
from ..trainer.processes import processes
from ..trainer.recipe import TrainingRecipe, training_plan
from .prompt_data import noisy_boxes
from .sam_data import MASK_CELL, LabelledImages, augment_scene, square_labels
from .sam_objective import decode_points

__all__ = [
    "RankingBatch",
    "RankingDataset",
    "RankingModel",
    "RankingObjective",
    "RankingRecipe",
    "collate_ranking",
    "rank_masks",
    "true_iou",
]


@dataclass(frozen=True)
class RankingRecipe(TrainingRecipe):
    """How the head of SAM's predicted IoU is trained at last; a sample is an image."""

    steps: int = 500
    learning_rate: float = 2e-3
    warmup_steps: int = 20
    decay_steps: int = 400
    weight_decay: Annotated[float, Between(0, 1)] = 1e-3
    points: Annotated[int, Between(1, 1000)] = 48
    """points an image"""
    boxes: Annotated[int, Between(1, 1000)] = 12
    """boxes an image"""


@dataclass(frozen=True)
class RankingSample:
    """One image with N points and M boxes.

    Attributes:
        pixel_values: (3, S, S) float32, normalised and padded.
        points: (N, 2) float32, x and y in pixels of the resized image, anywhere in it.
        boxes: (M, 4) float32, left, top, right, bottom of things, with noise, in the same pixels.
        shown: (N + M,) int64, numbers of what the points and boxes show.
        instances: (S / 2, S / 2) int64, what is where; -1 in the padding.
    """

    pixel_values: Tensor
    points: Tensor
    boxes: Tensor
    shown: Tensor
    instances: Tensor


@dataclass(frozen=True)
class RankingBatch(Batch):
    """The fields of `RankingSample` with B before all else."""

    pixel_values: Tensor
    points: Tensor
    boxes: Tensor
    shown: Tensor
    instances: Tensor


class RankingDataset(DrawnDataset[RankingSample]):
    """Scenes with points as everything mode asks them, and boxes as people and detectors draw them.

    Args:
        scenes: images with the instances in them.
        image_size: S, side of SAM's square input in pixels.
        points: N points an image.
        boxes: M boxes an image, of its things; of the background where it has none.
        seed: of the draws.
    """

    def __init__(
        self, scenes: LabelledImages, image_size: int, points: int, boxes: int, seed: int
    ) -> None:
        super().__init__(seed)
        self.scenes, self.image_size = scenes, image_size
        self.points, self.boxes = points, boxes

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> RankingSample:
        rng, scene = self.rng(index), self.scenes[index]
        image, instances = augment_scene(scene.image, scene.instances, rng)
        shown = resize_longest_side(image, self.image_size)
        height, width = shown.shape[:2]
        labels = square_labels(instances, (height, width), self.image_size)
        points = rng.random((self.points, 2)) * (width, height)
        columns, rows = points.astype(np.int64).T
        present = np.unique(instances)
        things = present[(present != BACKGROUND_ID) & (present != TABLE_ID)]
        ids = rng.choice(things if len(things) else present, self.boxes).astype(np.int64)
        scale = np.tile(np.array((width, height), np.float32) / instances.shape[::-1], 2)
        return RankingSample(
            normalize_and_pad(shown, self.image_size),
            torch.from_numpy(points).float(),
            torch.from_numpy(noisy_boxes(instances, ids, rng) * scale).float(),
            torch.from_numpy(np.concatenate((labels[rows, columns], ids))).long(),
            torch.from_numpy(labels[::MASK_CELL, ::MASK_CELL].copy()),
        )


def collate_ranking(samples: Sequence[RankingSample]) -> RankingBatch:
    """Stack samples."""
    names = [spec.name for spec in fields(RankingBatch)]
    return RankingBatch(*(torch.stack([getattr(each, name) for each in samples]) for name in names))


class RankingModel(nn.Module):
    """A SAM of which only the head of the predicted IoU learns.

    Args:
        sam: trained; its head goes on learning in place.
    """

    def __init__(self, sam: SamModel) -> None:
        super().__init__()
        self.sam = sam.requires_grad_(False)
        sam.mask_decoder.iou_prediction_head.requires_grad_(True)

    def forward(self, pixel_values: Tensor, points: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Predicted IoU (B, N + M, 3) float, and the masks (B, N + M, 3, S / 2, S / 2) bool.

        Args:
            pixel_values: (B, 3, S, S) float32.
            points: (B, N, 2) float32, pixels of the resized image.
            boxes: (B, M, 4) float32, pixels of the resized image.
        """
        embeddings = self.sam.vision_encoder(pixel_values).last_hidden_state
        logits, predicted = decode_points(self.sam, embeddings, points)
        boxed = self.sam(image_embeddings=embeddings, input_boxes=boxes, multimask_output=True)
        masks = torch.cat((logits > 0, boxed.pred_masks > 0), 1)
        return torch.cat((predicted, boxed.iou_scores), 1), masks


class RankingObjective(LearningObjective[RankingBatch]):
    """Squared error of the predicted IoU.

    Args:
        model: trained in place.
    """

    def __init__(self, model: RankingModel) -> None:
        super().__init__(model)

    def loss(self, model: nn.Module, batch: RankingBatch, step: int) -> StepLoss:
        """What the predictions miss of the IoU with what each prompt shows."""
        predicted, masks = model(batch.pixel_values, batch.points, batch.boxes)
        true = torch.stack(list(map(true_iou, masks, batch.shown, batch.instances)))
        parts = {"true_iou": true.mean(), "correlation": _correlation(predicted.detach(), true)}
        return StepLoss(F.mse_loss(predicted, true), parts)


def rank_masks(
    sam: SamModel, scenes: LabelledImages, folder: Path, recipe: RankingRecipe, seed: int
) -> SamModel:
    """Train the head, or go on from the last checkpoint in `folder`.

    Args:
        sam: trained; changed in place.
        scenes: training scenes.
        folder: gets checkpoints and logs, and the result in `folder/sam`.
        recipe: length and rates.
        seed: of order and points.

    Returns:
        The model, in evaluation mode.
    """
    size = int(sam.config.vision_config.image_size)
    TrainingLoop(
        RankingObjective(RankingModel(sam)),
        RankingDataset(scenes, size, recipe.points, recipe.boxes, seed),
        collate_ranking,
        training_plan(folder, recipe, seed),
    ).train_to_end()
    if processes().is_main_process:
        save_network(sam, folder / "sam")
    processes().wait_for_everyone()
    return sam.eval()


def true_iou(masks: Tensor, shown: Tensor, instances: Tensor) -> Tensor:
    """The IoU of masks with what their prompts show.

    Args:
        masks: (P, 3, h, w) bool.
        shown: (P,) int64, numbers of what the prompts show.
        instances: (h, w) int64, what is where.

    Returns:
        (P, 3) float32; 0 of things that no cell shows.
    """
    numbers, place = shown.unique(return_inverse=True)
    things = instances == numbers[:, None, None]
    found = pairwise_iou(masks.flatten(0, 1), things).unflatten(0, masks.shape[:2])
    return found.gather(2, place[:, None, None].expand(-1, 3, 1))[:, :, 0]


def _correlation(first: Tensor, second: Tensor) -> Tensor:
    """Of two tensors of one shape; 0 where one of them never changes."""
    both = torch.stack((first.flatten(), second.flatten()))
    return torch.corrcoef(both)[0, 1].nan_to_num()
