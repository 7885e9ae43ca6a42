# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch

from llmseg_core import Proposals
from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.embeddings.mask_embedder import PooledMaskEmbedder, normalized_boxes
from llmseg_core.model_dir.parts import ModelParts


def embedder(parts: ModelParts) -> PooledMaskEmbedder:
    return PooledMaskEmbedder(Dinov2Encoder(parts.dinov2, 56), 16)


def test_box_of_all_pixels_is_the_whole_image() -> None:
    boxes = torch.tensor([[0.0, 0, 63, 47], [32, 0, 63, 23]])
    assert normalized_boxes(boxes, (48, 64)).tolist() == [[0.5, 0.5, 1, 1], [0.75, 0.25, 0.5, 0.5]]


def test_each_mask_gets_its_own_features(parts: ModelParts, image: np.ndarray) -> None:
    masks = torch.zeros(3, 48, 64, dtype=torch.bool)
    masks[0, 8:24, 6:22] = True
    masks[1, 20:40, 30:50] = True
    masks[2] = masks[0]
    embeddings = embedder(parts)(image, Proposals.from_masks(masks))
    assert embeddings.features.shape == (3, 32)
    torch.testing.assert_close(embeddings.features[0], embeddings.features[2])
    assert (embeddings.features[0] - embeddings.features[1]).abs().max() > 0.01


def test_no_proposal(parts: ModelParts, image: np.ndarray) -> None:
    embeddings = embedder(parts)(image, Proposals.empty((48, 64)))
    assert embeddings.features.shape == (0, 32)
    assert embeddings.boxes_rel.shape == (0, 4)


def test_proposals_of_another_image_are_refused(parts: ModelParts, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"\(10, 10\).*\(48, 64\)"):
        embedder(parts)(image, Proposals.empty((10, 10)))
