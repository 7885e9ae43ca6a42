# SPDX-License-Identifier: Apache-2.0
"""A rendered scene as the mask selector learns from it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..learning.targets import ProposalOverlaps
from ..scenes import SceneObject

__all__ = ["SelectionScene"]


@dataclass(frozen=True)
class SelectionScene:
    """One image with its K proposals, everything that does not learn already computed.

    Attributes:
        features: (K, C) float16, mask-pooled features of the frozen image encoder.
        mirror_features: (K, C) float16, those of the same proposals in the mirrored image: an image
            encoder knows where in the image it looks, so they are others.
        boxes: (K, 4) float32, fractions of the image (see `ProposalEmbeddings`).
        overlaps: how the proposals meet the scene's instances.
        objects: the scene's objects.
        pixel_values: (3, S, S) float16, input of the VLM.
    """

    features: Tensor
    mirror_features: Tensor
    boxes: Tensor
    overlaps: ProposalOverlaps
    objects: tuple[SceneObject, ...]
    pixel_values: Tensor
