# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch

from llmseg_core.embeddings.dinov2 import Dinov2Encoder
from llmseg_core.model_dir.parts import ModelParts


def test_cells_are_the_patch_tokens_row_by_row(parts: ModelParts) -> None:
    pixel_values = torch.randn(2, 3, 56, 56)
    with torch.no_grad():
        feature_map = Dinov2Encoder(parts.dinov2, 56)(pixel_values)
        tokens = parts.dinov2(pixel_values=pixel_values).last_hidden_state
    assert feature_map.shape == (2, 32, 4, 4)
    torch.testing.assert_close(feature_map[1, :, 2, 3], tokens[1, 1 + 2 * 4 + 3])


def test_input_may_be_larger_than_in_pretraining(parts: ModelParts, image: np.ndarray) -> None:
    encoder = Dinov2Encoder(parts.dinov2, 84)
    assert encoder.encode(image).shape == (32, 6, 6)
    assert encoder.feature_size == (6, 6)
    assert encoder.feature_dim == 32


def test_padding_is_right_and_bottom_and_zero(parts: ModelParts) -> None:
    encoder = Dinov2Encoder(parts.dinov2, 56)
    landscape = encoder.preprocess(np.full((28, 56, 3), 255, np.uint8))
    portrait = encoder.preprocess(np.full((56, 28, 3), 255, np.uint8))
    assert (landscape[:, :28] > 1).all()
    assert (landscape[:, 28:] == 0).all()
    assert (portrait[:, :, :28] > 1).all()
    assert (portrait[:, :, 28:] == 0).all()


def test_image_size_must_fit_the_patches(parts: ModelParts) -> None:
    with pytest.raises(ValueError, match="image_size is 60, it must be a multiple of 14"):
        Dinov2Encoder(parts.dinov2, 60)


def test_half_precision(parts: ModelParts, image: np.ndarray) -> None:
    exact = Dinov2Encoder(parts.dinov2, 56).encode(image)
    half = type(parts.dinov2)(parts.dinov2.config).to(torch.bfloat16).eval()
    half.load_state_dict(parts.dinov2.state_dict())
    feature_map = Dinov2Encoder(half, 56).encode(image)
    assert feature_map.dtype == torch.bfloat16
    torch.testing.assert_close(feature_map.float(), exact, atol=0.1, rtol=0)
