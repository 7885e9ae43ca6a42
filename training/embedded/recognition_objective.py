# SPDX-License-Identifier: Apache-2.0
"""What the embedded image encoder learns before any language: categories and colours."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from llmseg_core.embeddings.dinov2 import Dinov2Encoder

from ..questions import CATEGORIES
from ..trainer.objective import Objective, StepLoss
from .encoder_heads import EncoderHeads, geometry_loss, seen_patches
from .recognition_data import COLOUR_NAMES, RecognitionBatch, class_names

__all__ = ["RecognitionModel", "RecognitionObjective"]


class RecognitionModel(EncoderHeads):
    """An image encoder with linear classifiers of patches and of pooled instances.

    Args:
        encoder: the image encoder to train.
        mask_projection: the selector's projection of pooled features.
        categories: what scenes can have.
    """

    def __init__(
        self,
        encoder: Dinov2Encoder,
        mask_projection: nn.Linear,
        categories: Sequence[str] = CATEGORIES,
    ) -> None:
        classes = len(class_names(categories))
        super().__init__(encoder, mask_projection, classes)
        self.category_head = nn.Linear(mask_projection.out_features, classes)
        self.colour_head = nn.Linear(mask_projection.out_features, len(COLOUR_NAMES))

    def forward(
        self, pixel_values: Tensor, kept: Tensor, weights: Tensor, image: Tensor
    ) -> dict[str, Tensor]:
        """Logits for B images with M instances in all; for the arguments see `embed`.

        Returns:
            patches (B, n, classes), geometry (B, n, 4), categories (M, classes) and colours
            (M, colours).
        """
        patches, geometry, embedded = self.embed(pixel_values, kept, weights, image)
        return {
            "patches": patches,
            "geometry": geometry,
            "categories": self.category_head(embedded),
            "colours": self.colour_head(embedded),
        }


class RecognitionObjective(Objective[RecognitionBatch]):
    """The classification losses, and the geometry that helps them.

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
        kept, weights = seen_patches(batch, None if step >= self.all_from else self.kept)
        out = model(batch.pixel_values, kept, weights, batch.image_index)
        wanted = batch.patches.gather(1, kept)
        rare = out["patches"].new_ones(out["patches"].shape[-1])
        rare[-2:] = 0.1  # table and background fill most of an image
        patches = F.cross_entropy(out["patches"].flatten(0, 1), wanted.flatten(), weight=rare)
        geometry = geometry_loss(out["geometry"], batch, kept)
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
