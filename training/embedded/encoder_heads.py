# SPDX-License-Identifier: Apache-2.0
"""What an image encoder is trained through: heads on its patches and on the things it pools."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmseg_core.embeddings.dinov2 import Dinov2Encoder

__all__ = ["EncoderHeads", "PatchBatch", "geometry_loss", "seen_patches"]


class PatchBatch(Protocol):
    """Of B images with M things in all, what both objectives ask of the encoder."""

    @property
    def geometry(self) -> Tensor:
        """(B, h * w, 4) float32, see `RecognitionSample`; NaN where there is no thing."""
        ...

    @property
    def order(self) -> Tensor:
        """(B, h * w) int64, patches that show things first, those not to be seen last."""
        ...

    @property
    def inside(self) -> Tensor:
        """(B,) int64, how many come before those."""
        ...

    @property
    def weights(self) -> Tensor:
        """(M, h * w) float32, pooling weights."""
        ...

    @property
    def image_index(self) -> Tensor:
        """(M,) int64, the image of each thing."""
        ...


class EncoderHeads(nn.Module):
    """An image encoder with linear heads on its patches, and the selector's mask projection.

    Heads of things stand on the projection, so that what the fusion module later sees tells them
    apart; it learns, too.

    Args:
        encoder: the image encoder to train.
        mask_projection: the selector's projection of pooled features.
        classes: of patches.
    """

    def __init__(self, encoder: Dinov2Encoder, mask_projection: nn.Linear, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.mask_projection = mask_projection
        self.patch_head = nn.Linear(encoder.feature_dim, classes)
        self.geometry_head = nn.Linear(encoder.feature_dim, 4)

    def embed(
        self, pixel_values: Tensor, kept: Tensor, weights: Tensor, image: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Patches and things of B images with M things in all.

        Args:
            pixel_values: (B, 3, S, S) float32.
            kept: (B, n) int64, the patches that the encoder sees; all of them at inference. Few
                patches show things, and a step costs as many patches as it keeps.
            weights: (M, n) float32, pooling weights of the kept patches.
            image: (M,) int64, the image of each thing.

        Returns:
            Logits of patches, (B, n, classes); their geometry, (B, n, 4); things as the selector
            embeds them, (M, F).
        """
        features = self.encoder.of_patches(pixel_values, kept)
        share = weights / (weights.sum(1, keepdim=True) + 1e-8)
        pooled = (share[:, None] @ features[image])[:, 0]
        return self.patch_head(features), self.geometry_head(features), self.mask_projection(pooled)


def seen_patches(batch: PatchBatch, kept: int | None) -> tuple[Tensor, Tensor]:
    """The patches that the encoder sees, and the pooling weights of these.

    Args:
        batch: B images with M things.
        kept: how many of each image; None is all that are to be seen, as at inference.

    Returns:
        (B, n) int64 and (M, n) float32.
    """
    seen = batch.order[:, : int(batch.inside.max()) if kept is None else kept]
    return seen, batch.weights.gather(1, seen[batch.image_index])


def geometry_loss(geometry: Tensor, batch: PatchBatch, seen: Tensor) -> Tensor:
    """How far off it is told where each patch's thing ends.

    It makes the encoder look at whole things. A sum over a count: a batch may show no thing at all,
    and a mean of nothing is no number.

    Args:
        geometry: (B, n, 4) float32, as the head says.
        batch: the truth.
        seen: (B, n) int64, the patches.
    """
    truth = batch.geometry.gather(1, seen[..., None].expand(-1, -1, 4))
    known = ~truth.isnan()
    off = F.smooth_l1_loss(geometry[known], truth[known], beta=0.1, reduction="sum")
    return off / torch.clamp(known.sum(), min=1)
