# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from helpers.original_sam import original_sam
from llmseg_core.model_dir.original.sam import load_original_sam, sam_from_original, sam_to_original


@pytest.fixture(scope="module")
def original() -> nn.Module:
    return original_sam()


@torch.no_grad()
def test_every_part_gives_the_same_numbers(original: nn.Module) -> None:
    model = sam_from_original(original.state_dict())
    pixels = torch.randn(1, 3, 128, 128)
    embedding = original.image_encoder(pixels)
    ours = model.vision_encoder(pixels).last_hidden_state
    torch.testing.assert_close(ours, embedding, atol=2e-5, rtol=1e-5)

    points, labels = torch.tensor([[[20.0, 30.0]], [[99.0, 5.0]]]), torch.ones(2, 1)
    boxes = torch.tensor([[4.0, 8.0, 60.0, 70.0]]).repeat(2, 1)
    masks = torch.randn(1, 1, 64, 64)
    sparse, dense = original.prompt_encoder((points, labels), boxes, masks)
    our_sparse, our_dense = model.prompt_encoder(points[None], labels[None], boxes[None], masks)
    torch.testing.assert_close(our_sparse[0], sparse)
    torch.testing.assert_close(our_dense, dense[:1])

    position = original.prompt_encoder.get_dense_pe()
    torch.testing.assert_close(model.get_image_wide_positional_embeddings(), position)
    logits, iou = original.mask_decoder(embedding, position, sparse, dense, True)
    our_logits, our_iou = model.mask_decoder(
        embedding, position, sparse[None], dense, multimask_output=True
    )
    torch.testing.assert_close(our_logits[0], logits, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(our_iou[0], iou, atol=1e-5, rtol=1e-5)


def test_there_and_back(original: nn.Module) -> None:
    state = original.state_dict()
    back = sam_to_original(sam_from_original(state))
    assert back.keys() == state.keys()
    assert all(torch.equal(back[name], state[name]) for name in state)


def test_sizes_are_read_from_shapes(original: nn.Module) -> None:
    config = sam_from_original(original.state_dict()).config
    assert config.vision_config.image_size == 128
    assert config.vision_config.window_size == 5
    assert config.vision_config.global_attn_indexes == [1]
    assert config.vision_config.num_attention_heads == 2
    assert config.mask_decoder_config.mlp_dim == 64


def test_checkpoint_file(original: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "sam_vit_t.pth"
    torch.save(original.state_dict(), path)
    model = load_original_sam(path)
    assert torch.equal(model.vision_encoder.pos_embed, original.image_encoder.pos_embed)
    with pytest.raises(FileNotFoundError):
        load_original_sam(tmp_path / "missing.pth")


def test_strict(original: nn.Module) -> None:
    state = dict(original.state_dict())
    bias = "mask_decoder.output_upscaling.3.bias"
    with pytest.raises(ValueError, match=r"missing \['mask_decoder.output_upscaling.3.bias'\]"):
        sam_from_original({name: state[name] for name in state if name != bias})
    with pytest.raises(ValueError, match=r"not expected \['text_encoder.weight'\]"):
        sam_from_original({**state, "text_encoder.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"output_upscaling.3.bias has shape \(5,\)"):
        sam_from_original({**state, bias: torch.zeros(5)})
    with pytest.raises(ValueError, match="is no original SAM checkpoint"):
        sam_from_original({"weight": torch.zeros(1)})
