# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor
from transformers import SamConfig, SamModel

from helpers.original_sam import original_sam
from llmseg_core.model_dir.original.sam import sam_from_original
from llmseg_core.proposals.sam_encoder import SamImageEncoder


@pytest.fixture(scope="module")
def model() -> SamModel:
    """Windows of 5 x 5 on 16 x 16 tokens: some reach over the edge."""
    return sam_from_original(original_sam().state_dict(), 8)


@pytest.fixture
def pixels() -> Tensor:
    return torch.randn(2, 3, 128, 128)


ROW = 16 * 256 * 4
"""Bytes of the bias of one row of one head of the global layer."""


@pytest.mark.parametrize(
    "bias_bytes",
    [
        pytest.param(None, id="a layer at once"),
        pytest.param(1, id="less than a row at once"),
        pytest.param(3 * ROW, id="some rows at once"),
        pytest.param(3 * 16 * ROW, id="some heads at once"),
    ],
)
@torch.inference_mode()
def test_equals_transformers(model: SamModel, pixels: Tensor, bias_bytes: int | None) -> None:
    expected = model.vision_encoder(pixels).last_hidden_state
    found = SamImageEncoder(model, bias_bytes)(pixels)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("table", ["rel_pos_h", "rel_pos_w"])
@pytest.mark.parametrize("layer", [0, 1])
@torch.inference_mode()
def test_relative_positions_matter(model: SamModel, pixels: Tensor, layer: int, table: str) -> None:
    changed = copy.deepcopy(model)
    getattr(changed.vision_encoder.layers[layer].attn, table).zero_()
    apart = SamImageEncoder(changed)(pixels) - SamImageEncoder(model)(pixels)
    assert apart.abs().max() > 1e-2


@torch.inference_mode()
def test_without_relative_positions_and_bias() -> None:
    vision = {
        "image_size": 64,
        "patch_size": 8,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "output_channels": 16,
        "window_size": 5,
        "global_attn_indexes": [1],
        "use_rel_pos": False,
        "qkv_bias": False,
        "initializer_range": 0.2,
    }
    model = SamModel(SamConfig(vision_config=vision)).eval()
    pixels = torch.randn(1, 3, 64, 64)
    expected = model.vision_encoder(pixels).last_hidden_state
    torch.testing.assert_close(SamImageEncoder(model, 1)(pixels), expected, atol=1e-5, rtol=1e-5)
