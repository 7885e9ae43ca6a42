# SPDX-License-Identifier: Apache-2.0
"""What an image encoder learns from words: to tell of each thing what is said of it.

The words of a caption as targets of a softmax: Joulin et al., "Learning Visual Features from Large
Weakly Supervised Data", ECCV 2016. Here they are of a thing and its mask, not of an image.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmseg_core.embeddings.dinov2 import Dinov2Encoder

from ..trainer.objective import Objective, StepLoss
from .encoder_heads import EncoderHeads, geometry_loss, seen_patches
from .word_data import WordBatch

__all__ = ["WordModel", "WordObjective"]

BACKGROUND_WEIGHT = 0.1
"""of a patch that shows no thing; most do not"""


class WordModel(EncoderHeads):
    """An image encoder with linear heads of patches and of pooled things.

    Args:
        encoder: the image encoder to train.
        mask_projection: the selector's projection of pooled features.
        words: V, how many there are.
    """

    def __init__(self, encoder: Dinov2Encoder, mask_projection: nn.Linear, words: int) -> None:
        super().__init__(encoder, mask_projection, words + 1)
        self.thing_head = nn.Linear(mask_projection.out_features, words + 1)

    def forward(
        self, pixel_values: Tensor, kept: Tensor, weights: Tensor, image: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What is said of B images with M things in all; for the arguments see `embed`.

        Returns:
            Logits of patches, (B, n, V + 1), and of things, (M, V + 1); geometry, (B, n, 4).
        """
        patches, geometry, embedded = self.embed(pixel_values, kept, weights, image)
        return patches, self.thing_head(embedded), geometry


class WordObjective(Objective[WordBatch]):
    """Cross-entropy of the words, of patches and of things, and where each patch's thing ends.

    Args:
        model: trained in place.
        kept: patches of each image that the encoder sees, things first.
        all_from: step from which it sees all of them, as at inference.
    """

    def __init__(self, model: WordModel, kept: int, all_from: int) -> None:
        super().__init__(model)
        self.kept, self.all_from = kept, all_from

    def loss(self, model: nn.Module, batch: WordBatch, step: int) -> StepLoss:
        """Losses of patches and of things; sums over counts, as there may be none of either."""
        kept, weights = seen_patches(batch, None if step >= self.all_from else self.kept)
        patches, things, geometry = model(batch.pixel_values, kept, weights, batch.image_index)
        is_thing = batch.words[:, -1] == 0
        thing_loss = F.cross_entropy(things, batch.words, reduction="sum") / max(1, len(things))
        owners = batch.owners.gather(1, kept)
        owned = owners >= 0
        owner = owners[owned]
        weight = torch.where(is_thing[owner], 1.0, BACKGROUND_WEIGHT)
        costs = F.cross_entropy(patches[owned], batch.words[owner], reduction="none")
        patch_loss = (costs * weight).sum() / weight.sum().clamp(min=1e-8)
        placed = geometry_loss(geometry, batch, kept)
        parts = {"patch_loss": patch_loss, "thing_loss": thing_loss, "geometry_loss": placed}
        if is_thing.any():
            likeliest = things[is_thing].argmax(1, keepdim=True)
            parts["word_accuracy"] = (batch.words[is_thing].gather(1, likeliest) > 0).float().mean()
        return StepLoss(patch_loss + thing_loss + 2 * placed, parts)
