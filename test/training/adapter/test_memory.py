# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from helpers.tiny_model import tiny_tokenizer
from llmseg_core.model_dir.networks import (
    build_dinov2_large,
    build_llava_7b,
    build_selector,
    llava_7b_config,
)
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_core.vlm.tokenizer import add_special_tokens
from llmseg_training.adapter.lora import LoraRecipe, add_lora
from llmseg_training.adapter.memory import (
    GIB,
    MemoryEstimate,
    StepSize,
    expected_memory,
    layer_bytes_per_token,
)
from llmseg_training.adapter.objective import AdapterModel
from llmseg_training.adapter.parts import AdapterParts, load_adapter_parts

SIZE = StepSize(batch_size=1, questions=3, proposals=50)


@pytest.fixture(scope="module")
def loaded(model_folder: Path) -> AdapterParts:
    return load_adapter_parts(model_folder, LoraRecipe(rank=4))


@pytest.fixture(scope="module")
def model(loaded: AdapterParts) -> AdapterModel:
    encoder = SegTokenEncoder(loaded.llava, loaded.tokenizer, loaded.config.seg_token)
    return AdapterModel(encoder, loaded.selector)


def estimate(model: AdapterModel, encoder: nn.Module, **options: int) -> MemoryEstimate:
    return expected_memory(model, encoder, SIZE, **{"checkpointing": True, **options})


def test_numbers_that_learn_are_those_of_the_recipe(
    model: AdapterModel, loaded: AdapterParts
) -> None:
    text = loaded.llava.config.text_config
    width, rows = text.hidden_size, loaded.llava.get_input_embeddings().num_embeddings
    lora = text.num_hidden_layers * 2 * 4 * (width + width)
    selector = sum(parameter.numel() for parameter in loaded.selector.parameters())
    found = estimate(model, loaded.encoder_network)
    assert found.learning == lora + 2 * rows * width + selector
    whole = sum(p.numel() for p in (*model.parameters(), *loaded.encoder_network.parameters()))
    assert found.frozen == whole - found.learning
    assert found.parts["weights"] == 4 * whole  # all of it float32 here
    assert found.parts["gradients"] == 4 * found.learning
    assert found.parts["Adam"] == 8 * found.learning
    assert found.total == sum(found.parts.values())


def test_processes_and_zero2(model: AdapterModel, loaded: AdapterParts) -> None:
    alone, two = (
        estimate(model, loaded.encoder_network),
        estimate(model, loaded.encoder_network, processes=2),
    )
    assert two.parts["gradients"] == 2 * alone.parts["gradients"]
    shared = estimate(model, loaded.encoder_network, processes=2, zero2=True)
    assert shared.parts["Adam"] == alone.parts["Adam"] // 2
    assert shared.total < two.total


def test_checkpointing_keeps_less(model: AdapterModel, loaded: AdapterParts) -> None:
    name = "language model's activations"
    kept = estimate(model, loaded.encoder_network, checkpointing=False).parts[name]
    assert estimate(model, loaded.encoder_network).parts[name] < kept


@pytest.mark.parametrize(("hidden", "intermediate"), [(128, 344), (256, 256)])
def test_a_layer_keeps_what_the_formula_says(hidden: int, intermediate: int) -> None:
    one, three = (kept_bytes(hidden, intermediate, layers) for layers in (1, 3))
    tokens = 2 * 64
    counted = (three - one) / 2 / tokens
    assert counted == pytest.approx(layer_bytes_per_token(hidden, intermediate), rel=0.03)


def kept_bytes(hidden: int, intermediate: int, layers: int) -> int:
    """Bytes that a forward pass of 2 x 64 tokens in bfloat16 keeps for backward."""
    text = LlamaConfig(
        vocab_size=300,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
    )
    vision = CLIPVisionConfig(
        image_size=28, patch_size=14, hidden_size=16, intermediate_size=32,
        num_hidden_layers=1, num_attention_heads=2,
    )  # fmt: skip
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=299)
    llava = LlavaForConditionalGeneration(config).to(torch.bfloat16)
    add_lora(llava, LoraRecipe())
    weights = {parameter.untyped_storage().data_ptr() for parameter in llava.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(value: Tensor) -> Tensor:
        kept[value.untyped_storage().data_ptr()] = value
        return value

    embeds = llava.get_input_embeddings()(torch.zeros(2, 64, dtype=torch.int64))
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value)
    with torch.autocast("cpu", torch.bfloat16), hooks:
        llava.train().model.language_model(inputs_embeds=embeds, use_cache=False)
    own = (value for place, value in kept.items() if place not in weights)
    return sum(value.untyped_storage().nbytes() for value in own)


def test_the_papers_model_fits_a_gpu_of_24_gb() -> None:
    """In the published sizes, without memory for the numbers."""
    tokenizer, config = tiny_tokenizer(), llava_7b_config()
    with torch.device("meta"):
        llava = build_llava_7b(tokenizer).to(torch.bfloat16)
        dinov2 = build_dinov2_large().to(torch.bfloat16).requires_grad_(False)
        selector = build_selector(config.selector)
        add_special_tokens(tokenizer, llava)
        add_lora(llava, LoraRecipe())
    model = AdapterModel(
        SegTokenEncoder(llava, tokenizer, replace(config.seg_token, system="")), selector
    )
    found = expected_memory(model, dinov2, SIZE, checkpointing=True)
    assert 280e6 < found.learning < 300e6
    assert 7.1e9 < found.frozen < 7.7e9
    assert 18 < found.total / GIB < 22.3  # 24 GB
    kept = expected_memory(model, dinov2, SIZE, checkpointing=False)
    assert kept.total / GIB > found.total / GIB + 3


def test_the_table_names_every_part(
    model: AdapterModel, loaded: AdapterParts, capsys: pytest.CaptureFixture[str]
) -> None:
    found = estimate(model, loaded.encoder_network)
    found.show()
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*found.parts, "in all"))
