# SPDX-License-Identifier: Apache-2.0
"""The embedded SAM learns boxes: its image encoder stays, prompts and mask decoder go on learning.

Everything mode shows points only, so the packaged SAM was never shown a box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm
from transformers import SamModel

from llmseg_core.config.limits import Above, AtLeast, Between
from llmseg_core.config.settings import Settings
from llmseg_core.images.image_ops import normalize_and_pad, resize_longest_side

from ..learning.mask_losses import point_prompt_loss
from ..scenes import Scene, SceneFolder

__all__ = ["BoxRecipe", "learn_boxes"]

POINT_SHARE, BOTH_SHARE = 0.25, 0.25
"""shares of prompts that are a point alone, and a box with a point"""


@dataclass(frozen=True)
class BoxRecipe(Settings):
    """How SAM learns boxes."""

    steps: Annotated[int, AtLeast(1)] = 1500
    """optimizer steps"""
    images: Annotated[int, AtLeast(1)] = 4
    """images a step; each shows all its objects"""
    learning_rate: Annotated[float, Above(0)] = 1e-3
    """highest; it falls to 0 by a cosine"""
    jitter: Annotated[float, Between(0, 1)] = 0.1
    """deviation of a box's sides, in shares of its width and height"""
    balance: Annotated[float, Between(0, 1)] = 0.3
    """see `mask_bce`"""


@dataclass(frozen=True)
class _Known:
    """One scene: (1, C, h, w) embedding, and the objects' (N, S / 2, S / 2) masks and boxes."""

    embedding: Tensor
    masks: Tensor
    boxes: Tensor
    points: tuple[np.ndarray, ...]


def learn_boxes(sam: SamModel, scenes: SceneFolder, recipe: BoxRecipe, seed: int) -> SamModel:
    """Train a SAM in place on boxes, points, and both.

    Args:
        sam: already draws what points show; its image encoder is not changed.
        scenes: rendered scenes.
        recipe: sizes and rates.
        seed: of order and prompts.

    Returns:
        `sam`, in evaluation mode.
    """
    draw = np.random.default_rng(seed)
    known = [_known(sam, scenes[index]) for index in range(len(scenes))]
    known = [each for each in known if len(each.masks)]
    learned = [*sam.prompt_encoder.parameters(), *sam.mask_decoder.parameters()]
    optimizer = torch.optim.AdamW(learned, lr=recipe.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.steps)
    sam.train()
    for _ in tqdm(range(recipe.steps), desc="boxes", unit="step", disable=None):
        batch = [known[index] for index in draw.integers(len(known), size=recipe.images)]
        loss = torch.stack([_loss(sam, each, recipe, draw) for each in batch]).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        schedule.step()
    return sam.eval()


@torch.no_grad()
def _known(sam: SamModel, scene: Scene) -> _Known:
    side = int(sam.config.vision_config.image_size)
    image = resize_longest_side(scene.image, side)
    height, width = image.shape[:2]
    instances = cv2.resize(scene.instances, (width, height), interpolation=cv2.INTER_NEAREST)
    found = [instances == each.id for each in scene.objects]
    found = [mask for mask in found if mask.sum() >= 8]
    masks = np.zeros((len(found), side, side), dtype=np.float32)
    for place, mask in zip(masks, found, strict=True):
        place[:height, :width] = mask
    pixels = normalize_and_pad(image, side, sam.device)[None]
    embedding = sam.vision_encoder(pixels).last_hidden_state
    boxes = np.array([_box(mask) for mask in found], dtype=np.float32).reshape(-1, 4)
    small = F.avg_pool2d(torch.from_numpy(masks), 2).to(sam.device)
    points = tuple(np.argwhere(mask)[:, ::-1] for mask in found)
    return _Known(embedding, small, torch.from_numpy(boxes).to(sam.device), points)


def _loss(sam: SamModel, known: _Known, recipe: BoxRecipe, draw: np.random.Generator) -> Tensor:
    """The loss of one image; all its prompts are of one kind."""
    kind = draw.random()
    boxes, points = None, None
    if kind >= POINT_SHARE:
        size = (known.boxes[:, 2:] - known.boxes[:, :2]).repeat(1, 2)
        moved = torch.from_numpy(draw.normal(0, recipe.jitter, size.shape)).to(size)
        boxes = (known.boxes + moved * size)[None]
    if kind < POINT_SHARE + BOTH_SHARE:
        picked = [each[draw.integers(len(each))] for each in known.points]
        points = torch.tensor(np.array(picked), dtype=torch.float32, device=known.boxes.device)
        points = points[None, :, None] + 0.5
    output = sam(
        image_embeddings=known.embedding,
        input_boxes=boxes,
        input_points=points,
        multimask_output=True,
    )
    logits, iou = output.pred_masks[0], output.iou_scores[0]
    loss, _ = point_prompt_loss(logits, iou, known.masks, recipe.balance)
    return loss


def _box(mask: np.ndarray) -> Sequence[int]:
    """Left, top, right, bottom between pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
