# SPDX-License-Identifier: Apache-2.0
"""No name reaches the hub, whatever a model directory or a file in it says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import Dinov2Model, LlavaForConditionalGeneration, SamModel

from helpers.no_network import no_network
from llmseg_core import LLMSegPipeline, RuntimeConfig
from llmseg_core.model_dir.adapter_files import load_adapter
from llmseg_core.model_dir.checkpoint import inspect_model, load_parts, load_sam
from llmseg_core.model_dir.network_files import (
    SharedNetworks,
    load_network,
    load_tokenizer,
    local_place,
)

NAME = "some-org/some-name"


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    with no_network() as refused:
        yield
    assert refused == []


@pytest.fixture
def copied(model_folder: Path, tmp_path: Path) -> Path:
    """A model directory that a test may spoil."""
    return Path(shutil.copytree(model_folder, tmp_path / "copy"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Hugging Face cache of its own that holds nothing yet."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def put(cache: Path, name: str, folder: Path) -> Path:
    """Store a folder as the hub's client does; returns the snapshot."""
    place = cache / f"models--{name.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("a" * 40)
    return Path(shutil.copytree(folder, place / "snapshots" / ("a" * 40)))


def write_adapter(model: Path, folder: Path) -> None:
    base = LlavaForConditionalGeneration.from_pretrained(model / "llava")
    config = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    get_peft_model(base, config).save_pretrained(str(folder))


def say(model: Path, old: str, new: str) -> None:
    file = model / "llmseg.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.parametrize("key", ["sam: sam", "dinov2: dinov2", "llava: llava", "adapter: null"])
def test_a_name_that_is_not_here_is_refused_without_a_call(copied: Path, key: str) -> None:
    say(copied, key, f"{key.split(':')[0]}: {NAME}")
    for load in (inspect_model, load_parts):
        with pytest.raises(FileNotFoundError, match=rf"{NAME}.*nothing is ever downloaded"):
            load(copied)


def test_a_convnext_that_is_not_here_is_refused_without_a_call(copied: Path) -> None:
    say(copied, "kind: dinov2", "kind: clip_convnext")
    say(copied, "convnext: convnext", f"convnext: {NAME}")
    with pytest.raises(FileNotFoundError, match=rf"{NAME}.*nothing is ever downloaded"):
        load_parts(copied)


@pytest.mark.parametrize("name", [NAME, "nowhere", "../nowhere", "a/b/c", "/nowhere/at/all", ""])
def test_whatever_is_loaded_by_itself_is_refused_without_a_call(
    name: str, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = name or str(tmp_path / "nothing")
    base = LlavaForConditionalGeneration.from_pretrained(model_folder / "llava")
    for load in (
        lambda: load_network(SamModel, name, torch.float32, "sdpa"),
        lambda: load_network(Dinov2Model, name, None, "eager"),
        lambda: load_network(LlavaForConditionalGeneration, name, torch.float32, "sdpa"),
        lambda: SharedNetworks().load(SamModel, name, torch.float32, "sdpa", torch.device("cpu")),
        lambda: load_tokenizer(name),
        lambda: load_adapter(base, name),
    ):
        with pytest.raises(FileNotFoundError, match="nothing is ever downloaded"):
            load()


def test_names_in_the_local_cache_are_read_there(
    copied: Path, cache: Path, image: np.ndarray
) -> None:
    write_adapter(copied, copied / "adapter")
    say(copied, "adapter: null", "adapter: adapter")
    expected = LLMSegPipeline.from_pretrained(copied).segment(image, "the cup")
    for key in ("sam", "dinov2", "llava", "adapter"):
        put(cache, f"some-org/{key}", copied / key)
        shutil.rmtree(copied / key)
        say(copied, f"{key}: {key}", f"{key}: some-org/{key}")
    assert inspect_model(copied).adapter == "some-org/adapter"
    answer = LLMSegPipeline.from_pretrained(copied).segment(image, "the cup")
    assert torch.equal(answer.candidates.iop, expected.candidates.iop)
    place = Path(local_place("some-org/adapter", "adapter_config.json"))
    assert place.name == "a" * 40
    (place / "adapter_config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"no adapter_config\.json of that name"):
        inspect_model(copied)


def test_a_newer_snapshot_of_a_shared_network_is_read_anew(copied: Path, cache: Path) -> None:
    snapshot = put(cache, "some-org/sam", copied / "sam")
    say(copied, "sam: sam", "sam: some-org/sam")
    shared = SharedNetworks()
    before = load_sam(copied, shared=shared)
    assert load_sam(copied, shared=shared) is before
    newer = snapshot.with_name("b" * 40)
    shutil.copytree(snapshot, newer)
    (snapshot.parents[1] / "refs" / "main").write_text("b" * 40)
    assert load_sam(copied, shared=shared) is not before


def test_the_base_that_an_adapter_names_is_not_asked_for(copied: Path, tmp_path: Path) -> None:
    write_adapter(copied, copied / "adapter")
    say(copied, "adapter: null", "adapter: adapter")
    expected = load_parts(copied).llava.state_dict()
    file = copied / "adapter" / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"base_model_name_or_path": NAME}))
    loaded = load_parts(copied).llava.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in loaded.items())


@pytest.mark.parametrize("part", ["sam", "dinov2", "llava"])
@pytest.mark.parametrize("alone", [False, True])
def test_an_adapter_in_the_folder_of_a_network_is_refused(
    copied: Path, part: str, alone: bool
) -> None:
    """transformers would put it on without a check, or load the base that it names."""
    write_adapter(copied, copied / "other")
    config = json.loads((copied / "other" / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = NAME
    (copied / part / "adapter_config.json").write_text(json.dumps(config))
    shutil.copy(copied / "other" / "adapter_model.safetensors", copied / part)
    if alone:
        (copied / part / "config.json").unlink()
        cls = {"sam": SamModel, "dinov2": Dinov2Model, "llava": LlavaForConditionalGeneration}
        with pytest.raises(ValueError, match=rf"{part} holds an adapter"):
            load_network(cls[part], str(copied / part), torch.float32, "sdpa")
    else:
        with pytest.raises(ValueError, match=rf"{part} holds an adapter.*whole network"):
            load_parts(copied)


def test_a_tokenizer_with_code_elsewhere_is_refused(tmp_path: Path) -> None:
    """transformers would ask on the terminal whether to fetch and run it, and wait."""
    code = {"auto_map": {"AutoTokenizer": [f"{NAME}--tokens.Tokenizer", None]}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(code))
    with pytest.raises(ValueError, match=rf"(?s)the tokenizer in .* cannot be read: .*{NAME}"):
        load_tokenizer(str(tmp_path))


def test_flash_attention_without_its_package_is_refused(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmseg_core.model_dir.network_files.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install flash-attn, or take \"sdpa\""):
        load_parts(copied, RuntimeConfig(attention="flash_attention_2"))
