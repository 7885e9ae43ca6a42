# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from helpers.tiny_model import tiny_tokenizer
from llmseg_core import LLMSegPipeline, RuntimeConfig, SelectionConfig, SelectionRule
from llmseg_core.model_dir import networks as build
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.proposals.generator import SamProposalGenerator


def embedded_parts(seed: int = 0) -> ModelParts:
    config, tokenizer = build.embedded_config(), tiny_tokenizer()
    return ModelParts(
        config,
        build.build_embedded_sam(seed),
        build.build_embedded_dinov2(seed),
        build.build_embedded_llava(tokenizer, seed),
        tokenizer,
        build.build_selector(config.selector, seed),
    )


def networks(parts: ModelParts) -> tuple[nn.Module, ...]:
    return parts.sam, parts.dinov2, parts.llava, parts.selector


def test_embedded_parts_fit_together_and_are_small(image: np.ndarray) -> None:
    parts = embedded_parts()
    parameters = sum(p.numel() for network in networks(parts) for p in network.parameters())
    assert parameters < 6.5e6
    encoder = LLMSegPipeline.from_parts(parts).mask_embedder.image_encoder
    assert parts.config.image_encoder.pooling_size % encoder.feature_size[0] == 0
    answer = LLMSegPipeline.from_parts(parts).segment(
        image, "the cup", SelectionConfig(SelectionRule.TOP_IOU)
    )
    assert answer.mask.shape == (48, 64)


def test_seed_decides_the_weights_and_leaves_the_callers_numbers_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second, third = (networks(embedded_parts(seed)) for seed in (0, 0, 1))
    torch.testing.assert_close(torch.rand(3), expected, atol=0, rtol=0)
    for one, same, other in zip(first, second, third, strict=True):
        weights, again, others = one.state_dict(), same.state_dict(), other.state_dict()
        assert all(torch.equal(weights[key], again[key]) for key in weights)
        assert not all(torch.equal(weights[key], others[key]) for key in weights)


def test_full_size_parts_have_the_published_sizes() -> None:
    config, tokenizer = build.llava_7b_config(), tiny_tokenizer()
    with torch.device("meta"):
        dinov2 = build.build_dinov2_large()
        llava = build.build_llava_7b(tokenizer)
        selector = build.build_selector(config.selector)
    sizes = [sum(p.numel() for p in network.parameters()) for network in (dinov2, llava, selector)]
    assert sizes[0] == pytest.approx(304e6, rel=0.01)
    assert sizes[1] == pytest.approx(7.05e9, rel=0.01)
    assert sizes[2] == pytest.approx(24e6, rel=0.1)
    assert config.selector.feature_dim == dinov2.config.hidden_size
    assert config.selector.hidden_dim == llava.config.text_config.hidden_size
    assert llava.config.image_seq_length == 256


def test_the_memory_budget_reaches_the_generator() -> None:
    parts = embedded_parts()
    generator = LLMSegPipeline.from_parts(parts, RuntimeConfig(memory_budget_mb=20)).generator
    assert isinstance(generator, SamProposalGenerator)
    free = SamProposalGenerator(parts.sam, parts.config.proposals)
    assert 1 <= generator.points_per_batch < free.points_per_batch
