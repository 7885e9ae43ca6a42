# SPDX-License-Identifier: Apache-2.0
"""The frozen encoder is asked once about an image, and what it said stays the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from llmseg_core.embeddings.mask_pooling import mask_pooling
from llmseg_training.adapter.feature_memory import FeatureMemory
from llmseg_training.learning.batch import ProposalSample, collate_proposals


class CountingEncoder:
    """Features that only this image has; counts how often it is asked."""

    feature_dim, feature_size = 3, (2, 2)

    def __init__(self) -> None:
        self.asked = 0

    def encode(self, image: np.ndarray) -> Tensor:
        self.asked += 1
        return torch.arange(12.0).view(3, 2, 2) + float(image.mean())


def sample(grey: int, proposals: int) -> ProposalSample:
    rng = np.random.default_rng(proposals)
    return ProposalSample(
        boxes_rel=torch.zeros(proposals, 4),
        pixel_values=torch.zeros(1, 3, 4, 4),
        target_iou=torch.zeros(1, proposals),
        target_iop=torch.zeros(1, proposals),
        questions=("what?",),
        answers=("[SEG].",),
        image=np.full((4, 4, 3), grey, dtype=np.uint8),
        weights=torch.from_numpy(rng.random((proposals, 4))).float(),
    )


def test_an_image_is_encoded_once_and_pooled_the_same() -> None:
    encoder = CountingEncoder()
    memory = FeatureMemory(encoder)
    one, other = sample(10, 2), sample(200, 4)
    first = memory.pooled(collate_proposals([one, other]))
    again = memory.pooled(collate_proposals([other, one]))
    assert encoder.asked == 2
    assert torch.equal(first[0], again[1])
    assert torch.equal(first[1], again[0])
    assert torch.equal(first[1], mask_pooling(encoder.encode(other.image), other.weights))
    assert not first[0, 2:].any()  # padding


def test_other_proposals_of_an_image_are_pooled_anew() -> None:
    encoder = CountingEncoder()
    memory = FeatureMemory(encoder)
    one = sample(10, 2)
    first = memory.pooled(collate_proposals([one]))
    assert one.weights is not None
    moved = memory.pooled(collate_proposals([replace(one, weights=one.weights.flip(1))]))
    assert not torch.equal(first, moved)


def test_what_has_no_room_is_encoded_again() -> None:
    encoder = CountingEncoder()
    memory = FeatureMemory(encoder, most_bytes=2 * 3 * 4)  # of the first alone
    for _ in range(2):
        memory.pooled(collate_proposals([sample(10, 2), sample(200, 4)]))
    assert encoder.asked == 3


def test_features_that_are_there_are_refused() -> None:
    batch = collate_proposals([sample(10, 2)])
    pooled = batch.with_features(torch.zeros(1, 2, 3))
    with pytest.raises(ValueError, match="pooled already"):
        FeatureMemory(CountingEncoder()).pooled(pooled)
