# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from llmseg_core import LLMSegPipeline, RuntimeConfig, SelectionConfig, SelectionRule
from llmseg_core.model_dir.checkpoint import (
    SELECTOR_FILE,
    inspect_model,
    load_parts,
    save_parts,
)
from llmseg_core.model_dir.directory import model_directory
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.runtime import device

TOP = SelectionConfig(SelectionRule.TOP_IOU)


@pytest.fixture
def copied(model_folder: Path, tmp_path: Path) -> Path:
    """A model directory that a test may spoil."""
    return Path(shutil.copytree(model_folder, tmp_path / "copy"))


def test_loaded_model_answers_the_same(
    pipeline: LLMSegPipeline, image: np.ndarray, tmp_path: Path
) -> None:
    pipeline.save_pretrained(tmp_path / "model")
    loaded = LLMSegPipeline.from_pretrained(tmp_path / "model")
    assert loaded.config == pipeline.config
    one, other = (each.segment(image, "the cup", TOP) for each in (pipeline, loaded))
    assert (one.mask == other.mask).all()
    torch.testing.assert_close(one.candidates.iop, other.candidates.iop, atol=1e-6, rtol=0)


def test_models_may_be_loaded_at_the_same_time(model_folder: Path, image: np.ndarray) -> None:
    with ThreadPoolExecutor() as threads:
        loaded = list(threads.map(LLMSegPipeline.from_pretrained, [model_folder] * 8))
    first, *others = (pipeline.segment(image, "the mug") for pipeline in loaded)
    for other in others:
        assert other.confidence == first.confidence


def test_files_are_those_of_the_design(model_folder: Path) -> None:
    assert {file.name for file in model_folder.iterdir()} == {
        "llmseg.yaml", "sam", "dinov2", "llava", "selector.safetensors",
    }  # fmt: skip
    assert (model_folder / "llava" / "tokenizer.json").is_file()
    values = yaml.safe_load((model_folder / "llmseg.yaml").read_text())
    assert values["selection"]["rule"] == "iop"


@pytest.mark.usefixtures("fast_halves")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_half_precision_files_load_into_any_format(
    parts: ModelParts, image: np.ndarray, tmp_path: Path, dtype: str
) -> None:
    save_parts(parts, tmp_path / "half", torch.float16)
    stored = load_file(tmp_path / "half" / SELECTOR_FILE)
    assert {value.dtype for value in stored.values()} == {torch.float16}
    assert next(parts.selector.parameters()).dtype == torch.float32  # the parts did not change
    loaded = LLMSegPipeline.from_pretrained(tmp_path / "half", RuntimeConfig(dtype=dtype))
    for network in (
        loaded.selector,
        loaded.seg_token_encoder.llava,
        loaded.generator.model,
        loaded.mask_embedder.image_encoder.model,
    ):
        assert next(network.parameters()).dtype == getattr(torch, dtype)
    assert loaded.segment(image, "the cup", TOP).found


def test_image_networks_stay_in_float32_where_a_half_format_is_slow(
    model_folder: Path, image: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_said_by_cpu", lambda: {"avx512f"})
    parts = load_parts(model_folder, RuntimeConfig(dtype="bfloat16"))
    assert parts.sam.dtype == parts.dinov2.dtype == torch.float32
    assert parts.llava.dtype == torch.bfloat16
    near, exact = LLMSegPipeline.from_parts(parts), LLMSegPipeline.from_pretrained(model_folder)
    assert torch.equal(near.generator(image).masks, exact.generator(image).masks)
    assert near.segment(image, "the cup", TOP).found


def test_attention_implementations_agree(model_folder: Path, image: np.ndarray) -> None:
    answers = [
        LLMSegPipeline.from_pretrained(model_folder, RuntimeConfig(attention=attention)).segment(
            image, "the cup", TOP
        )
        for attention in ("sdpa", "eager")
    ]
    torch.testing.assert_close(
        answers[0].candidates.iop, answers[1].candidates.iop, atol=1e-4, rtol=0
    )


def test_missing_and_unexpected_selector_weights_are_named(copied: Path) -> None:
    weights = load_file(copied / SELECTOR_FILE)
    weights["iop_head.extra"] = weights.pop("mask_projection.bias")
    save_file(weights, copied / SELECTOR_FILE)
    with pytest.raises(
        ValueError, match=r"missing mask_projection\.bias; unexpected iop_head\.extra"
    ):
        load_parts(copied)


def test_wrong_shape_is_named(copied: Path) -> None:
    weights = load_file(copied / SELECTOR_FILE)
    weights["mask_projection.bias"] = torch.zeros(3)
    save_file(weights, copied / SELECTOR_FILE)
    with pytest.raises(ValueError, match=r"mask_projection\.bias has shape \(3,\).*\(16,\)"):
        load_parts(copied)


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
@pytest.mark.parametrize(
    "part", [SELECTOR_FILE, "dinov2/model.safetensors", "llava/model.safetensors"]
)
def test_weights_that_are_not_finite_are_named(copied: Path, part: str, value: float) -> None:
    weights = load_file(copied / part)
    name = next(key for key, tensor in sorted(weights.items()) if tensor.is_floating_point())
    weights[name].view(-1)[-1] = value
    save_file(weights, copied / part, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=rf"{part.partition('/')[0]}.* are damaged: .* NaN or inf"):
        load_parts(copied)


def test_missing_network_weights_are_named(copied: Path) -> None:
    file = copied / "dinov2" / "model.safetensors"
    weights = load_file(file)
    weights["surplus"] = weights.pop("layernorm.bias")
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"missing layernorm\.bias; unexpected surplus"):
        load_parts(copied)


@pytest.mark.parametrize("part", ["sam", "dinov2", "llava"])
def test_missing_part_is_named(copied: Path, part: str) -> None:
    shutil.rmtree(copied / part)
    with pytest.raises(FileNotFoundError, match=rf"{part} is missing"):
        load_parts(copied)


@pytest.mark.parametrize(
    "file",
    ["selector.safetensors", "sam/model.safetensors", "dinov2/config.json", "llava/config.json"],
)
def test_missing_file_is_named(copied: Path, file: str) -> None:
    (copied / file).unlink()
    with pytest.raises(FileNotFoundError, match=Path(file).name.partition(".")[0]):
        load_parts(copied)


@pytest.mark.parametrize("file", ["selector.safetensors", "dinov2/model.safetensors"])
def test_damaged_file_is_named(copied: Path, file: str) -> None:
    (copied / file).write_bytes((copied / file).read_bytes()[:100])
    with pytest.raises(ValueError, match=Path(file).parts[0]):
        load_parts(copied)


def test_network_of_another_size_is_refused(copied: Path) -> None:
    file = copied / "dinov2" / "config.json"
    file.write_text(file.read_text().replace('"hidden_size": 32', '"hidden_size": 64'))
    with pytest.raises(ValueError, match="dinov2 cannot be loaded"):
        load_parts(copied)


def test_directory_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist"):
        model_directory(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"has no llmseg\.yaml"):
        model_directory(tmp_path)


def test_wrong_configuration_is_named(copied: Path) -> None:
    file = copied / "llmseg.yaml"
    text = file.read_text()
    for old, new, message in (
        ("top_k: 5", "top_k: 0", r"llmseg.yaml: selection: top_k is 0, it must be at least 1"),
        (
            "top_k: 5",
            "top_k: 5\n  top_k: 6",
            r"yaml is no YAML: line .* 'top_k' is there twice",
        ),
        (
            "'{instruction}'",
            "'{instruction} {please}'",
            "seg_token: question is '{inst",
        ),
        (text, "", "llmseg.yaml is empty, it must be a mapping with keys among .*profile"),
        ("top_k: 5", "topk: 5", "unknown key 'topk'"),
        ("feature_dim: 32", "feature_dim: 48", r"mask_projection.weight has shape \(16, 32\)"),
        ("proposals:", "proposals: [", "llmseg.yaml"),
    ):
        file.write_text(text.replace(old, new))
        with pytest.raises(ValueError, match=message):
            load_parts(copied)


@pytest.mark.parametrize(
    ("size", "wrong", "weight"),
    [
        ("feature_dim", 48, "mask_projection.weight"),
        ("hidden_dim", 48, "seg_projection.0"),
        ("width", 32, r"\(16,\), the configuration says \(32,\)"),
        ("hidden_dim", 65536, "seg_projection.0"),  # 17 GB, which are not taken to see that
        ("num_blocks", 1, "unexpected fusion.blocks.1"),
        ("num_blocks", 3, "missing fusion.blocks.2"),
        ("attention_downsample", 2, r"masks_to_seg.*_proj"),
        ("mlp_dim", 64, "fusion.blocks.0.mlp"),
        ("iop_hidden_dim", 16, "iop_head.mlp"),
        ("embedding_hidden_dim", 48, "iou_head.mlp"),
        ("use_fusion", False, "unexpected fusion"),
        ("box_encoding", False, "unexpected box_encoding"),
    ],
)
def test_every_size_of_the_selector_must_be_that_of_its_file(
    copied: Path, size: str, wrong: int | bool, weight: str
) -> None:
    """The number of heads alone leaves no trace in the weights."""
    file = copied / "llmseg.yaml"
    values = yaml.safe_load(file.read_text())
    assert values["selector"][size] != wrong
    values["selector"][size] = wrong
    file.write_text(yaml.safe_dump(values))
    with pytest.raises(ValueError, match=rf"selector\.safetensors.*{weight}"):
        load_parts(copied)


@pytest.mark.parametrize(("size", "real"), [("feature_dim", 32), ("hidden_dim", 24)])
def test_parts_that_do_not_fit_each_other_are_refused(
    parts: ModelParts, tmp_path: Path, size: str, real: int
) -> None:
    selector = type(parts.selector)(replace(parts.config.selector, **{size: 48}))
    config = replace(parts.config, selector=selector.config)
    save_parts(replace(parts, selector=selector, config=config), tmp_path / "model")
    with pytest.raises(ValueError, match=rf"selector\.{size} is 48, the network has {real}"):
        load_parts(tmp_path / "model")


def test_parts_may_lie_elsewhere(copied: Path, tmp_path: Path) -> None:
    (copied / "sam").rename(tmp_path / "my-sam")
    file = copied / "llmseg.yaml"
    file.write_text(file.read_text().replace("sam: sam", f"sam: {tmp_path / 'my-sam'}"))
    assert load_parts(copied).sam.config.vision_config.image_size == 64


def test_adapter_is_merged_when_loaded(copied: Path, image: np.ndarray) -> None:
    plain = load_parts(copied)
    tuned = get_peft_model(
        load_parts(copied).llava,
        LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False),
    )
    tuned.save_pretrained(copied / "adapter")
    file = copied / "llmseg.yaml"
    file.write_text(file.read_text().replace("adapter: null", "adapter: adapter"))
    loaded = load_parts(copied)
    assert not any("lora" in name for name, _ in loaded.llava.named_parameters())
    key = "model.language_model.layers.0.self_attn.q_proj.weight"
    expected = tuned.merge_and_unload().state_dict()[key]
    torch.testing.assert_close(loaded.llava.state_dict()[key], expected, atol=1e-6, rtol=0)
    assert (expected - plain.llava.state_dict()[key]).abs().max() > 1e-4


@pytest.mark.usefixtures("fast_halves")
def test_frozen_networks_are_shared_by_models_with_the_same_files(
    copied: Path, model_folder: Path
) -> None:
    file = copied / "llmseg.yaml"
    text = file.read_text().replace("sam: sam", f"sam: {model_folder / 'sam'}")
    file.write_text(text.replace("dinov2: dinov2", f"dinov2: {model_folder / 'dinov2'}"))
    shared = SharedNetworks()
    one, other = load_parts(model_folder, shared=shared), load_parts(copied, shared=shared)
    assert one.sam is other.sam
    assert one.dinov2 is other.dinov2
    assert one.llava is not other.llava
    half = load_parts(copied, RuntimeConfig(dtype="bfloat16"), shared)
    assert half.sam.dtype == torch.bfloat16


def test_shared_networks_are_read_again_when_their_files_change(copied: Path) -> None:
    shared = SharedNetworks()
    before = load_parts(copied, shared=shared)
    weights = copied / "sam" / "model.safetensors"
    os.utime(weights, ns=(0, weights.stat().st_mtime_ns + 10**9))
    after = load_parts(copied, shared=shared)
    assert after.sam is not before.sam
    assert after.dinov2 is before.dinov2


def test_inspecting_reads_no_weights(copied: Path) -> None:
    (copied / "sam" / "model.safetensors").write_bytes(b"no weights")
    assert inspect_model(copied).profile == "tiny"
    (copied / "selector.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"it has no selector\.safetensors"):
        inspect_model(copied)


def test_foreign_parts_cannot_be_saved(pipeline: LLMSegPipeline, tmp_path: Path) -> None:
    foreign = LLMSegPipeline(
        lambda image: pipeline.generator(image),
        pipeline.mask_embedder,
        pipeline.seg_token_encoder,
        pipeline.selector,
        pipeline.config,
    )
    with pytest.raises(TypeError, match="NoneType and Dinov2Model"):
        foreign.save_pretrained(tmp_path / "model")
    assert not (tmp_path / "model").exists()
