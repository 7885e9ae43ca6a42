# SPDX-License-Identifier: Apache-2.0
"""What the embedded SAM learns from rendered scenes: masks, their IoU, and what is where."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import SamModel

from llmseg_core.proposals.sam_decoder import SamPointDecoder

from ..learning.mask_losses import point_prompt_loss
from ..trainer.objective import Objective, StepLoss
from .sam_data import SamBatch

__all__ = ["SamObjective", "SamTrainingModel", "decode_points"]


class SamTrainingModel(nn.Module):
    """A SAM with a dense head on its image embedding, for training only.

    The dense head predicts, for every place, object or table and the way to the centre of the
    object. It gives the encoder a signal everywhere at once, where point prompts give one mask at a
    time; it is thrown away afterwards.
    """

    def __init__(self, sam: SamModel) -> None:
        super().__init__()
        self.sam = sam
        channels = sam.config.vision_config.output_channels
        self.dense_head = nn.Sequential(
            nn.Conv2d(channels, 128, 1), nn.GELU(), nn.Conv2d(128, 4 * 16, 1), nn.PixelShuffle(4)
        )

    def forward(self, pixel_values: Tensor, points: Tensor) -> dict[str, Tensor]:
        """Predictions for B images of N points each.

        Args:
            pixel_values: (B, 3, S, S) float32.
            points: (B, N, 2) float32, pixels of the resized image.

        Returns:
            logits (B, N, 3, S / 2, S / 2), iou (B, N, 3), dense (B, 4, S / 2, S / 2).
        """
        embeddings = self.sam.vision_encoder(pixel_values).last_hidden_state
        logits, iou = decode_points(self.sam, embeddings, points)
        return {"logits": logits, "iou": iou, "dense": self.dense_head(embeddings)}


def decode_points(sam: SamModel, embeddings: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """All three masks of each point, with gradients where weights learn.

    Args:
        sam: its decoder is used.
        embeddings: (B, C, h, w) float, of its encoder.
        points: (B, N, 2) float32, pixels of the resized image.

    Returns:
        logits (B, N, 3, 4 h, 4 w) and predicted IoU (B, N, 3).
    """
    decoder = SamPointDecoder(sam)
    position = decoder.dense_position()
    count = points.shape[1]
    prompt = torch.arange(count, device=points.device).repeat_interleave(3)
    mask = torch.arange(3, device=points.device).repeat(count)
    logits, iou = [], []
    for embedding, prompts in zip(embeddings, points, strict=True):
        decoded = decoder.decode(decoder.image_side(embedding, position), prompts)
        logits.append(decoder.draw(decoded, prompt, mask).unflatten(0, (count, 3)))
        iou.append(decoded.iou)
    return torch.stack(logits), torch.stack(iou)


class SamObjective(Objective[SamBatch]):
    """SAM's losses.

    Args:
        model: trained in place.
        balance: of `mask_bce`.
        dense_weight: weight of the dense head's loss.
    """

    def __init__(
        self, model: SamTrainingModel, balance: float = 0.3, dense_weight: float = 1.0
    ) -> None:
        super().__init__(model)
        self.balance, self.dense_weight = balance, dense_weight

    def loss(self, model: nn.Module, batch: SamBatch, step: int) -> StepLoss:
        """Mask, IoU and dense losses."""
        out = model(batch.pixel_values, batch.points)
        loss, best = point_prompt_loss(
            out["logits"].flatten(0, 1),
            out["iou"].flatten(0, 1),
            batch.masks.flatten(0, 1),
            self.balance,
        )
        dense = dense_loss(out["dense"], batch.dense)
        parts = {"best_of_3_iou": best.mean(), "mask_loss": loss, "dense_loss": dense}
        return StepLoss(loss + self.dense_weight * dense, parts)


def dense_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of object and table, and L1 of the offset inside objects; scalar.

    Args:
        predicted: (B, 4, s, s) float: object logit, table logit, offset x, offset y.
        target: (B, 4, s, s) float (see `SamSample.dense`).
    """
    kind = F.binary_cross_entropy_with_logits(predicted[:, :2], target[:, :2])
    inside = target[:, :1]
    offset = (predicted[:, 2:] - target[:, 2:]).abs() * inside
    return kind + offset.sum() / (2 * inside.sum() + 1)
