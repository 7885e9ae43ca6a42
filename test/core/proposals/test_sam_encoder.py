# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor
from transformers import SamConfig, SamModel

from helpers.original_sam import original_sam
from helpers.tiny_model import tiny_sam
from llmseg_core.model_dir.original.sam import sam_from_original
from llmseg_core.proposals.sam_encoder import SamImageEncoder, without_padding


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


@torch.inference_mode()
def test_padding_is_left_out() -> None:
    """Beside transformers' encoder of so small an image, at the positions of the first tokens."""
    model, pixels = tiny_sam().eval(), torch.randn(2, 3, 64, 64)
    for layer in model.vision_encoder.layers:
        layer.attn.use_rel_pos = False  # whose table transformers would stretch
    vision = copy.deepcopy(model.vision_encoder)
    vision.patch_embed.image_size = 32, 64
    assert vision.pos_embed is not None
    vision.pos_embed = torch.nn.Parameter(vision.pos_embed[:, :4])
    shown = without_padding(pixels, 25, 64, model.config.vision_config)
    assert shown.shape == (2, 3, 32, 64)  # whole windows of 4 x 4 patches of 8 x 8 pixels
    found = SamImageEncoder(model)(shown)
    torch.testing.assert_close(found, vision(shown).last_hidden_state, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(found, SamImageEncoder(model)(pixels)[:, :, :4], atol=1e-3)


@torch.inference_mode()
def test_relative_positions_without_padding(model: SamModel, pixels: Tensor) -> None:
    """What a token sees of the others is as far away as it was."""
    encoder = SamImageEncoder(model)
    for layer in model.vision_encoder.layers:
        attention, size = layer.attn, layer.window_size or 16
        whole = attention.get_rel_pos(size, size, attention.rel_pos_h)
        for rows in (size, size - 2):
            table = encoder._table(attention, rows, attention.rel_pos_h)
            assert torch.equal(table, whole[:rows, :rows])
    rows, columns = 110, 128  # windows of 5 patches of 8 pixels: three of them, and all four
    shown = without_padding(pixels, rows, columns, model.config.vision_config)
    assert shown.shape == (2, 3, 120, 128)
    assert encoder(shown).shape[2:] == (15, 16)


@pytest.mark.parametrize("cell", [1, 2, 8])
def test_maps_without_padding(model: SamModel, cell: int) -> None:
    """All maps of one input show the same of it: 80 pixels of 41, in windows of 40."""
    square = torch.zeros(3, 128 // cell, 128 // cell)
    shown = without_padding(square, -(-41 // cell), 1, model.config.vision_config, cell)
    assert shown.shape == (3, 80 // cell, 40 // cell)
