# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    Dinov2WithRegistersConfig,
    Dinov2WithRegistersModel,
    DINOv3ViTConfig,
    DINOv3ViTModel,
)

from llmseg_core import LLMSegPipeline
from llmseg_core.config import ImageEncoderConfig, LLMSegConfig
from llmseg_core.embeddings.dinov2 import Dino, Dinov2Encoder, cells_inside
from llmseg_core.model_dir.checkpoint import save_parts
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.reference.pipeline import ReferencePipeline
from llmseg_training.adapter.lora import LoraRecipe
from llmseg_training.adapter.parts import load_adapter_parts


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


def registers() -> Dinov2WithRegistersModel:
    config = Dinov2WithRegistersConfig(
        image_size=56, patch_size=14, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        mlp_ratio=2, num_register_tokens=3, initializer_range=0.2,
    )  # fmt: skip
    return Dinov2WithRegistersModel(config).eval()


def dinov3() -> DINOv3ViTModel:
    config = DINOv3ViTConfig(
        image_size=64, patch_size=8, hidden_size=32, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_register_tokens=4, initializer_range=0.2,
    )  # fmt: skip
    return DINOv3ViTModel(config).eval()


@pytest.mark.parametrize(("make", "patch", "skipped"), [(registers, 14, 4), (dinov3, 8, 5)])
def test_registers_are_no_cells(
    make: Callable[[], Dino], patch: int, skipped: int, image: np.ndarray
) -> None:
    """Class token and registers stand before the patches, which follow row by row."""
    network, side = make(), 6 * patch
    encoder = Dinov2Encoder(network, side)
    with torch.inference_mode():
        tokens = network(pixel_values=encoder.preprocess(image)[None]).last_hidden_state
    assert tokens.shape == (1, skipped + 36, 32)
    cells = encoder.encode(image)
    assert cells.shape == (32, 6, 6)
    torch.testing.assert_close(cells.flatten(1).T, tokens[0, skipped:])
    half = Dinov2Encoder(network.to(torch.bfloat16), side).encode(image)
    assert half.dtype == torch.bfloat16
    assert half.isfinite().all()


@pytest.mark.parametrize("with_registers", [False, True])
@pytest.mark.parametrize(
    ("size", "inside"), [((28, 56), (2, 4)), ((56, 20), (4, 2)), ((9, 9), (4, 4))]
)
def test_padding_can_be_left_out(
    parts: ModelParts, with_registers: bool, size: tuple[int, int], inside: tuple[int, int]
) -> None:
    """Patches of the image see each other and what stands before them, and nothing else."""
    network = registers() if with_registers else parts.dinov2
    encoder = Dinov2Encoder(network, 56, skip_padding=True)
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    found = encoder.encode(picture)
    assert cells_inside(*size, 4) == inside
    assert found.shape == (32, 4, 4)
    rows, columns = inside
    assert not found[:, rows:].any()
    assert not found[:, :, columns:].any()
    before = 4 if with_registers else 1
    numbers = [before + 4 * row + column for row in range(rows) for column in range(columns)]
    with torch.inference_mode():
        tokens = network.embeddings(encoder.preprocess(picture)[None])
        seen = tokens[:, [*range(before), *numbers]]
        wanted = network.layernorm(network.encoder(seen).last_hidden_state)[0, before:]
    torch.testing.assert_close(found[:, :rows, :columns].flatten(1).T, wanted)
    if inside == (4, 4):  # there is none
        torch.testing.assert_close(found, Dinov2Encoder(network, 56).encode(picture))


def test_dinov3_sees_the_padding() -> None:
    with pytest.raises(ValueError, match="skip_padding is true, which DINOv2 can do, and the net"):
        Dinov2Encoder(dinov3(), 48, skip_padding=True)


def test_a_model_without_padding_answers_as_the_reference(
    parts: ModelParts, image: np.ndarray
) -> None:
    sizes = replace(parts.config.image_encoder, skip_padding=True)
    skipping = replace(parts, config=replace(parts.config, image_encoder=sizes))
    plain, ours = (
        LLMSegPipeline.from_parts(each).encode_frame(image) for each in (parts, skipping)
    )
    assert len(ours.proposals) > 0
    assert ours.embeddings.features.isfinite().all()
    assert not torch.allclose(plain.embeddings.features, ours.embeddings.features)
    reference = ReferencePipeline(skipping, plain=True)
    torch.testing.assert_close(
        reference.image_encoder.encode(image),
        LLMSegPipeline.from_parts(skipping).mask_embedder.image_encoder.encode(image),
    )
    again = LLMSegConfig.from_dict(skipping.config.to_dict())
    assert again.image_encoder.skip_padding
    assert "skip_padding" not in parts.config.to_dict()["image_encoder"]


@pytest.mark.parametrize("make", [registers, dinov3])
def test_a_model_directory_says_which_dino(
    make: Callable[[], Dino], parts: ModelParts, image: np.ndarray, tmp_path: Path
) -> None:
    config = replace(parts.config, image_encoder=ImageEncoderConfig(image_size=56, pooling_size=28))
    made = replace(parts, dinov2=make(), config=config)
    pipeline = LLMSegPipeline.from_parts(made)
    pipeline.save_pretrained(tmp_path / "model")
    again = LLMSegPipeline.from_pretrained(tmp_path / "model")
    one, other = (each.segment(image, "the red cup") for each in (pipeline, again))
    assert type(again.mask_embedder.image_encoder.model) is type(made.dinov2)
    torch.testing.assert_close(one.candidates.iop, other.candidates.iop)
    trained = load_adapter_parts(tmp_path / "model", LoraRecipe())
    assert type(trained.encoder_network) is type(made.dinov2)
    wanted = pipeline.mask_embedder.image_encoder.encode(image)
    torch.testing.assert_close(trained.image_encoder.encode(image), wanted)


def test_another_network_is_refused(parts: ModelParts, tmp_path: Path) -> None:
    save_parts(parts, tmp_path / "model")
    parts.sam.save_pretrained(tmp_path / "model" / "dinov2")
    with pytest.raises(ValueError, match="the model_type 'sam'; it must be one of dinov2, dinov2_"):
        LLMSegPipeline.from_pretrained(tmp_path / "model")
