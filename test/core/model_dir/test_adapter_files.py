# SPDX-License-Identifier: Apache-2.0
"""Adapters that do not fit are refused by name: peft alone would let them answer like the base."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import LlavaForConditionalGeneration

from llmseg_core.model_dir.adapter_files import load_adapter

PREFIX = "base_model.model.model.language_model."
QUERY = f"{PREFIX}layers.0.self_attn.q_proj.lora_A.weight"
VALUE = f"{PREFIX}layers.1.self_attn.v_proj.lora_B.weight"
TOKENS = f"{PREFIX}embed_tokens.weight"
HEAD = "base_model.model.lm_head.weight"
SAVED = ("embed_tokens", "lm_head")


@pytest.fixture
def make_base(model_folder: Path) -> Callable[..., LlavaForConditionalGeneration]:
    def make(dtype: torch.dtype = torch.float32) -> LlavaForConditionalGeneration:
        return LlavaForConditionalGeneration.from_pretrained(model_folder / "llava", dtype=dtype)

    return make


@pytest.fixture
def folder(make_base: Callable[..., LlavaForConditionalGeneration], tmp_path: Path) -> Path:
    """LoRA of rank 2 on q_proj and v_proj, with embeddings and head, all of them random."""
    config = LoraConfig(
        r=2,
        target_modules=r".*language_model.*\.(q_proj|v_proj)",
        modules_to_save=list(SAVED),
        init_lora_weights=False,
    )
    adapter = get_peft_model(make_base(), config)
    with torch.no_grad():
        for parameter in adapter.parameters():
            if parameter.requires_grad:
                parameter.normal_()
    adapter.save_pretrained(str(tmp_path / "adapter"))
    return tmp_path / "adapter"


def stored(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def store(folder: Path, weights: dict[str, Tensor]) -> None:
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def configure(folder: Path, **changes: object) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def merged(base: LlavaForConditionalGeneration, folder: Path) -> dict[str, Tensor]:
    return load_adapter(base, str(folder)).merge_and_unload().state_dict()


def test_every_weight_is_used(
    make_base: Callable[..., LlavaForConditionalGeneration], folder: Path
) -> None:
    before, after, weights = make_base().state_dict(), merged(make_base(), folder), stored(folder)
    assert before.keys() == after.keys()
    updates = {}
    for name, value in weights.items():
        plain = name.removeprefix("base_model.model.")
        if ".lora_A." in name:
            update = weights[name.replace("lora_A", "lora_B")] @ value
            plain = plain.replace(".lora_A", "")
            updates[plain] = before[plain] + 4 * update  # alpha / rank
        elif ".lora_B." not in name:
            updates[plain] = value
    assert len(updates) == 2 * 2 + 2  # two layers with two projections, embeddings and head
    for name, value in after.items():
        torch.testing.assert_close(value, updates.get(name, before[name]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("trainable", [False, True])
@pytest.mark.parametrize("names", [[QUERY], [VALUE], [TOKENS], [HEAD], [QUERY, HEAD]])
def test_missing_weights_are_named(
    make_base: Callable[..., LlavaForConditionalGeneration],
    folder: Path,
    names: list[str],
    trainable: bool,
) -> None:
    store(folder, {name: value for name, value in stored(folder).items() if name not in names})
    with pytest.raises(ValueError, match="missing") as caught:
        load_adapter(make_base(), str(folder), trainable)
    said = str(caught.value).replace(".default", "").replace(".modules_to_save", "")
    assert [name for name in stored(folder) if name in said] == []
    assert all(name in said for name in names)
    assert "unexpected" not in said
    assert "adapter_model.safetensors" in said


def test_an_adapter_without_lora_is_refused(
    make_base: Callable[..., LlavaForConditionalGeneration], folder: Path
) -> None:
    store(folder, {name: value for name, value in stored(folder).items() if ".lora_" not in name})
    with pytest.raises(ValueError, match=r"missing .*layers\.0\.self_attn\.q_proj\.lora_A"):
        load_adapter(make_base(), str(folder))


@pytest.mark.parametrize("trainable", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        f"{PREFIX}layers.0.mlp.up_proj.lora_A.weight",
        f"{PREFIX}layers.2.self_attn.q_proj.lora_A.weight",
        f"{PREFIX}norm.weight",  # the base has it, an adapter does not
        "something.else",
    ],
)
def test_unexpected_weights_are_named(
    make_base: Callable[..., LlavaForConditionalGeneration],
    folder: Path,
    name: str,
    trainable: bool,
) -> None:
    store(folder, {**stored(folder), name: torch.zeros(24)})
    with pytest.raises(ValueError, match="unexpected") as caught:
        load_adapter(make_base(), str(folder), trainable)
    assert name in str(caught.value).replace(".default", "")
    assert "missing" not in str(caught.value)


@pytest.mark.parametrize("name", [QUERY, VALUE, TOKENS, HEAD])
def test_weights_of_another_shape_are_named(
    make_base: Callable[..., LlavaForConditionalGeneration], folder: Path, name: str
) -> None:
    weights = stored(folder)
    shape = tuple(weights[name].shape)
    weights[name] = torch.zeros(3, 24)
    store(folder, weights)
    with pytest.raises(ValueError, match=r"\[3, 24\]") as caught:
        load_adapter(make_base(), str(folder))
    said = str(caught.value).replace(".default", "").replace(".modules_to_save", "")
    assert name in said
    assert str(list(shape)) in said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"r": 4}, r"q_proj\.lora_A.*\[2, 24\].*\[4, 24\]"),
        ({"target_modules": ["wrong_proj"]}, r"adapter_config\.json does not fit.*wrong_proj"),
        ({"target_modules": r".*language_model.*\.q_proj"}, r"unexpected .*v_proj\.lora_A"),
        ({"target_modules": r".*language_model.*\.[qkv]_proj"}, r"missing .*k_proj\.lora_A"),
        ({"modules_to_save": ["lm_head", "norm"]}, r"missing .*norm"),
        ({"peft_type": "IA3"}, r"peft_type .*IA3.*must be LORA"),
        ({"peft_type": "LORE"}, r"adapter_config\.json is no configuration of an adapter.*LORE"),
    ],
)
@pytest.mark.parametrize("trainable", [False, True])
def test_a_configuration_that_does_not_fit_is_refused(
    make_base: Callable[..., LlavaForConditionalGeneration],
    folder: Path,
    changes: dict[str, object],
    message: str,
    trainable: bool,
) -> None:
    configure(folder, **changes)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        load_adapter(make_base(), str(folder), trainable)


@pytest.mark.parametrize("file", ["adapter_model.safetensors", "adapter_config.json"])
def test_a_damaged_file_is_named(
    make_base: Callable[..., LlavaForConditionalGeneration], folder: Path, file: str
) -> None:
    (folder / file).write_bytes((folder / file).read_bytes()[:60])
    with pytest.raises(ValueError, match=file):
        load_adapter(make_base(), str(folder))


def test_a_missing_file_is_named(
    make_base: Callable[..., LlavaForConditionalGeneration], folder: Path
) -> None:
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"adapter_model\.safetensors nor .*\.bin"):
        load_adapter(make_base(), str(folder))


def test_pytorchs_format_is_read_as_strictly(
    make_base: Callable[..., LlavaForConditionalGeneration], folder: Path
) -> None:
    expected, weights = merged(make_base(), folder), stored(folder)
    (folder / "adapter_model.safetensors").unlink()
    file = folder / "adapter_model.bin"
    torch.save(weights, file)
    for name, value in merged(make_base(), folder).items():
        assert torch.equal(value, expected[name]), name
    torch.save({name: value for name, value in weights.items() if name != QUERY}, file)
    with pytest.raises(ValueError, match=r"missing .*layers\.0\.self_attn\.q_proj\.lora_A"):
        load_adapter(make_base(), str(folder))
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"adapter_model\.bin is damaged"):
        load_adapter(make_base(), str(folder))


def test_embeddings_that_peft_stored_because_they_grew_are_used(
    make_base: Callable[..., LlavaForConditionalGeneration], folder: Path
) -> None:
    config = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    adapter = get_peft_model(make_base(), config)
    with torch.no_grad():
        adapter.get_input_embeddings().weight.fill_(0.5)
    adapter.save_pretrained(str(folder), save_embedding_layers=True)
    assert TOKENS in stored(folder)
    assert (merged(make_base(), folder)[TOKENS.removeprefix("base_model.model.")] == 0.5).all()


def test_what_learns_keeps_its_precision_on_a_half_precision_base(
    make_base: Callable[..., LlavaForConditionalGeneration], folder: Path
) -> None:
    adapter, weights = load_adapter(make_base(torch.bfloat16), str(folder), True), stored(folder)
    learning = {name: p for name, p in adapter.named_parameters() if p.requires_grad}
    assert len(learning) == len(weights)
    for name, parameter in learning.items():
        file_name = name.replace(".modules_to_save.default", "").replace(".default", "")
        assert parameter.dtype == torch.float32
        assert torch.equal(parameter, weights[file_name]), name
    assert adapter.training


def test_names_of_before_transformers_4_52_are_still_read(
    make_base: Callable[..., LlavaForConditionalGeneration], folder: Path
) -> None:
    configure(folder, modules_to_save=None)
    weights = {name: value for name, value in stored(folder).items() if ".lora_" in name}
    store(folder, weights)
    expected = merged(make_base(), folder)
    old = "base_model.model.language_model.model."
    store(folder, {name.replace(PREFIX, old): value for name, value in weights.items()})
    for name, value in merged(make_base(), folder).items():
        assert torch.equal(value, expected[name]), name
