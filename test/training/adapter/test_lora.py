# SPDX-License-Identifier: Apache-2.0
"""A training goes on from the adapter that was stored, or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from helpers.no_network import no_network
from llmseg_core.model_dir.checkpoint import load_config
from llmseg_training.adapter.directory import save_adapter_directory
from llmseg_training.adapter.lora import LoraRecipe
from llmseg_training.adapter.parts import load_adapter_parts

WEIGHTS = Path("adapter") / "adapter_model.safetensors"


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    with no_network() as refused:
        yield
    assert refused == []


@pytest.fixture(scope="module")
def stored(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory with an adapter whose weights are all random."""
    parts = load_adapter_parts(model_folder, LoraRecipe(rank=2))
    with torch.no_grad():
        for parameter in parts.adapter.parameters():
            if parameter.requires_grad:
                parameter.normal_()
    folder = tmp_path_factory.mktemp("stored") / "model"
    save_adapter_directory(parts, folder)
    return folder


@pytest.fixture
def copied(stored: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stored, tmp_path / "copy"))


def spoil(folder: Path, drop: str, add: str | None = None) -> None:
    weights = load_file(folder / WEIGHTS)
    kept = {name: value for name, value in weights.items() if drop not in name}
    assert len(kept) < len(weights)
    save_file(kept | ({add: torch.zeros(1)} if add else {}), folder / WEIGHTS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_learns_goes_on_as_it_was_stored(
    stored: Path, tmp_path: Path, dtype: torch.dtype
) -> None:
    parts = load_adapter_parts(stored, LoraRecipe(), dtype=dtype)
    assert parts.adapter.peft_config["default"].r == 2
    save_adapter_directory(parts, tmp_path / "again")
    before, after = load_file(stored / WEIGHTS), load_file(tmp_path / "again" / WEIGHTS)
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert after[name].dtype == torch.float32
        assert torch.equal(value, after[name]), name


@pytest.mark.parametrize("name", ["lora_A", "q_proj", "embed_tokens", "lm_head"])
def test_an_adapter_that_lacks_weights_does_not_go_on(copied: Path, name: str) -> None:
    spoil(copied, name)
    with pytest.raises(ValueError, match=rf"adapter_model\.safetensors.*missing .*{name}"):
        load_adapter_parts(copied, LoraRecipe())


def test_an_adapter_with_other_weights_does_not_go_on(copied: Path) -> None:
    spoil(copied, "layers.0.self_attn.q_proj.lora_B", add="another.weight")
    with pytest.raises(ValueError, match=r"missing .*q_proj\.lora_B.*; unexpected another\.weight"):
        load_adapter_parts(copied, LoraRecipe())


def test_an_adapter_of_another_rank_does_not_go_on(copied: Path) -> None:
    file = copied / "adapter" / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"r": 3}))
    with pytest.raises(ValueError, match=r"(?s)lora_A.*\[2, 24\].*\[3, 24\]"):
        load_adapter_parts(copied, LoraRecipe())


def test_a_damaged_adapter_does_not_go_on(copied: Path) -> None:
    (copied / WEIGHTS).write_bytes((copied / WEIGHTS).read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"adapter_model\.safetensors is damaged"):
        load_adapter_parts(copied, LoraRecipe())


@pytest.mark.parametrize("key", ["llava", "adapter"])
def test_a_name_that_is_not_here_is_not_fetched(copied: Path, key: str) -> None:
    file = copied / "llmseg.yaml"
    said = getattr(load_config(copied), key)
    file.write_text(file.read_text().replace(f"{key}: {said}", f"{key}: some-org/some-name"))
    with pytest.raises(FileNotFoundError, match=r"some-org/some-name.*nothing is ever downloaded"):
        load_adapter_parts(copied, LoraRecipe())


@pytest.mark.parametrize("base", ["some-org/some-name", None])
def test_writing_an_adapter_does_not_look_for_the_base_on_the_hub(
    stored: Path, tmp_path: Path, base: str | None
) -> None:
    """Its base may have moved since it was read."""
    parts = load_adapter_parts(stored, LoraRecipe())
    parts.adapter.peft_config["default"].base_model_name_or_path = base
    save_adapter_directory(parts, tmp_path / "out")
    assert load_file(tmp_path / "out" / WEIGHTS).keys() == load_file(stored / WEIGHTS).keys()
