# SPDX-License-Identifier: Apache-2.0
"""What the frozen image encoder said of the proposals of an image, for when it is drawn again."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor

from llmseg_core.embeddings.mask_embedder import ImageEncoder
from llmseg_core.embeddings.mask_pooling import mask_pooling

from ..learning.batch import ProposalBatch

__all__ = ["MOST_BYTES", "FeatureMemory"]

MOST_BYTES = 2**30
"""of main memory; images that come when it is full are encoded whenever they are drawn"""


class FeatureMemory:
    """Pooled features of proposals, computed once for each image and its proposals.

    Few images are drawn again and again, and encoding them is most of a step's time.

    Args:
        encoder: the frozen image encoder.
        most_bytes: of features that are kept, in main memory.
    """

    def __init__(self, encoder: ImageEncoder, most_bytes: int = MOST_BYTES) -> None:
        self.encoder, self.most_bytes = encoder, most_bytes
        self._kept: dict[bytes, Tensor] = {}
        self._bytes = 0

    def pooled(self, batch: ProposalBatch) -> Tensor:
        """The features of a batch with images, (B, K, C) float32, 0 where proposals are padding.

        Raises:
            ValueError: if they are pooled already.
        """
        if batch.weights is None:
            raise ValueError("the features of this batch are pooled already")
        rows = [
            self._of_one(image, weights[valid])
            for image, weights, valid in zip(batch.images, batch.weights, batch.valid, strict=True)
        ]
        features = rows[0].new_zeros((*batch.valid.shape, rows[0].shape[-1]))
        for place, (row, valid) in enumerate(zip(rows, batch.valid, strict=True)):
            features[place, valid] = row
        return features

    def _of_one(self, image: np.ndarray, weights: Tensor) -> Tensor:
        """(K, C) float32, on the device of `weights`."""
        key = blake2b(np.ascontiguousarray(image).tobytes(), digest_size=16)
        key.update(repr(image.shape).encode() + weights.cpu().numpy().tobytes())
        known = self._kept.get(key.digest())
        if known is not None:
            return known.to(weights.device)
        with torch.no_grad():
            features = mask_pooling(
                self.encoder.encode(image), weights
            ).clone()  # no inference tensor
        size = features.numel() * features.element_size()
        if self._bytes + size <= self.most_bytes:
            self._kept[key.digest()] = features.cpu()
            self._bytes += size
        return features
