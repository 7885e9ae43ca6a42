"""Trains the embedded image encoder to recognise categories and colours, before any language."""

from __future__ import annotations

from typing import Any

from llmseg_core.dinov2 import Dinov2Encoder
from torch import Tensor, nn
from torch.nn import functional as F

from .recognition_data import CATEGORY_NAMES, COLOUR_NAMES
from .whole_trainer import WholeTrainer

__all__ = ["RecognitionModel", "RecognitionTrainer"]


class RecognitionModel(nn.Module):
    """An image encoder with linear classifiers of patches and of pooled instances.

    Args:
        encoder: the image encoder to train.
        mask_projection: the selector's projection of pooled features; classifiers stand on it, so
            that what the fusion module later sees tells categories apart.
    """

    def __init__(self, encoder: Dinov2Encoder, mask_projection: nn.Linear) -> None:
        super().__init__()
        self.encoder = encoder
        self.mask_projection = mask_projection
        self.patch_head = nn.Linear(encoder.feature_dim, len(CATEGORY_NAMES))
        self.category_head = nn.Linear(mask_projection.out_features, len(CATEGORY_NAMES))
        self.colour_head = nn.Linear(mask_projection.out_features, len(COLOUR_NAMES))

    def forward(self, pixel_values: Tensor, weights: Tensor, image: Tensor) -> dict[str, Tensor]:
        """Logits for B images with M instances in all.

        Args:
            pixel_values: (B, 3, S, S) float32.
            weights: (M, h * w) float32 pooling weights.
            image: (M,) int64, the image of each instance.

        Returns:
            patches (B, h * w, classes), categories (M, classes), colours (M, colours).
        """
        features = self.encoder(pixel_values).flatten(2).transpose(1, 2)  # (B, h * w, C)
        share = weights / (weights.sum(1, keepdim=True) + 1e-8)
        pooled = (share[:, None] @ features[image])[:, 0]
        embedded = self.mask_projection(pooled)
        return {
            "patches": self.patch_head(features),
            "categories": self.category_head(embedded),
            "colours": self.colour_head(embedded),
        }


class RecognitionTrainer(WholeTrainer):
    """transformers' Trainer with the three classification losses."""

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Cross-entropies of one batch (see `collate_recognition`)."""
        out = model(inputs["pixel_values"], inputs["weights"], inputs["image"])
        patches = F.cross_entropy(out["patches"].flatten(0, 1), inputs["patches"].flatten())
        is_object = inputs["colours"] >= 0
        categories = F.cross_entropy(out["categories"], inputs["categories"], label_smoothing=0.05)
        colours = F.cross_entropy(out["colours"], inputs["colours"])
        right = (out["categories"].argmax(1) == inputs["categories"])[is_object]
        self.note("patch_loss", patches)
        self.note("category_accuracy", right.float().mean())
        right = (out["colours"].argmax(1) == inputs["colours"])[is_object]
        self.note("colour_accuracy", right.float().mean())
        loss = patches + categories + 0.5 * colours
        return (loss, out) if return_outputs else loss
