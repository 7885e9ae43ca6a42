# SPDX-License-Identifier: Apache-2.0
"""What the embedded image encoder learns before any language: categories and colours."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmseg_core.embeddings.dinov2 import Dinov2Encoder

from ..questions import CATEGORIES
from ..trainer.objective import Objective, StepLoss
from .recognition_data import COLOUR_NAMES, RecognitionBatch, class_names

__all__ = ["RecognitionModel", "RecognitionObjective"]


class RecognitionModel(nn.Module):
    """An image encoder with linear classifiers of patches and of pooled instances.

    Args:
        encoder: the image encoder to train.
        mask_projection: the selector's projection of pooled features; classifiers stand on it, so
            that what the fusion module later sees tells categories apart.
        categories: what scenes can have.
    """

    def __init__(
        self,
        encoder: Dinov2Encoder,
        mask_projection: nn.Linear,
        categories: Sequence[str] = CATEGORIES,
    ) -> None:
        super().__init__()
        classes = len(class_names(categories))
        self.encoder = encoder
        self.mask_projection = mask_projection
        self.patch_head = nn.Linear(encoder.feature_dim, classes)
        self.geometry_head = nn.Linear(encoder.feature_dim, 4)
        self.category_head = nn.Linear(mask_projection.out_features, classes)
        self.colour_head = nn.Linear(mask_projection.out_features, len(COLOUR_NAMES))

    def forward(
        self, pixel_values: Tensor, kept: Tensor, weights: Tensor, image: Tensor
    ) -> dict[str, Tensor]:
        """Logits for B images with M instances in all.

        Args:
            pixel_values: (B, 3, S, S) float32.
            kept: (B, n) int64, the patches that the encoder sees; all of them at inference. Few
                patches show objects, and a step costs as many patches as it keeps.
            weights: (M, n) float32 pooling weights of the kept patches.
            image: (M,) int64, the image of each instance.

        Returns:
            patches (B, n, classes), geometry (B, n, 4), categories (M, classes) and colours
            (M, colours).
        """
        features = self.encoder.of_patches(pixel_values, kept)
        share = weights / (weights.sum(1, keepdim=True) + 1e-8)
        pooled = (share[:, None] @ features[image])[:, 0]
        embedded = self.mask_projection(pooled)
        return {
            "patches": self.patch_head(features),
            "geometry": self.geometry_head(features),
            "categories": self.category_head(embedded),
            "colours": self.colour_head(embedded),
        }


class RecognitionObjective(Objective[RecognitionBatch]):
    """The classification losses, and the geometry that helps them.

    Telling every patch where its object ends makes the encoder look at whole objects.

    Args:
        model: trained in place.
        kept: patches of each image that the encoder sees, objects first.
        all_from: step from which it sees all of them, as at inference.
    """

    def __init__(self, model: RecognitionModel, kept: int, all_from: int) -> None:
        super().__init__(model)
        self.kept, self.all_from = kept, all_from

    def loss(self, model: nn.Module, batch: RecognitionBatch, step: int) -> StepLoss:
        """Losses of patches and of instances."""
        count = int(batch.inside.max()) if step >= self.all_from else self.kept
        kept = batch.order[:, :count]
        weights = batch.weights.gather(1, kept[batch.image_index])
        out = model(batch.pixel_values, kept, weights, batch.image_index)
        wanted = batch.patches.gather(1, kept)
        boxes = batch.geometry.gather(1, kept[..., None].expand(-1, -1, 4))
        rare = torch.ones(out["patches"].shape[-1], device=out["patches"].device)
        rare[-2:] = 0.1  # table and background fill most of an image
        patches = F.cross_entropy(out["patches"].flatten(0, 1), wanted.flatten(), weight=rare)
        known = ~boxes.isnan()
        # Sums over counts: a batch may show no object at all, and a mean of nothing is no number.
        geometry = F.smooth_l1_loss(
            out["geometry"][known], boxes[known], beta=0.1, reduction="sum"
        ) / known.sum().clamp(min=1)
        is_object = batch.colours >= 0
        categories = F.cross_entropy(out["categories"], batch.categories, label_smoothing=0.05)
        colours = F.cross_entropy(
            out["colours"], batch.colours, reduction="sum"
        ) / is_object.sum().clamp(min=1)
        parts = {"patch_loss": patches, "geometry_loss": geometry}
        if is_object.any():
            for name, logits, truth in (
                ("category", out["categories"], batch.categories),
                ("colour", out["colours"], batch.colours),
            ):
                right = (logits.argmax(1) == truth)[is_object]
                parts[f"{name}_accuracy"] = right.float().mean()
        return StepLoss(patches + categories + 0.5 * colours + 2 * geometry, parts)
