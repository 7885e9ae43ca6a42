# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from llmseg_core import LLMSegPipeline, SelectionConfig
from llmseg_core.config import SelectionRule
from llmseg_core.model_dir import weights_digest as module
from llmseg_core.model_dir.directory import EMBEDDED
from llmseg_core.model_dir.weights_digest import (
    model_digest,
    module_digest,
    network_digest,
    sam_digest,
    weights_digest,
)


def test_weights_and_settings_decide_and_the_rule_does_not(
    model_folder: Path, tmp_path: Path
) -> None:
    first = model_digest(model_folder)
    model = tmp_path / "copy"
    shutil.copytree(model_folder, model)
    assert model_digest(model) == first
    pipeline = LLMSegPipeline.from_pretrained(model)
    config = pipeline.config
    pipeline.config = replace(config, selection=SelectionConfig(SelectionRule.TOP_IOU, 0.9))
    pipeline.save_pretrained(model)
    assert model_digest(model) == first
    pipeline.config = replace(config, proposals=replace(config.proposals, max_proposals=2))
    pipeline.save_pretrained(model)
    assert model_digest(model) != first
    shutil.copytree(model_folder, model, dirs_exist_ok=True)
    assert model_digest(model) == first
    file = model / "selector.safetensors"
    weights = load_file(file)
    weights[min(weights)] = weights[min(weights)] + 1
    save_file(weights, file)
    assert model_digest(model) != first


def change(file: Path) -> None:
    """Another number in a file of weights, whose size stays."""
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def test_a_network_is_known_by_all_of_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)
    sam = tmp_path / "sam"
    shutil.copytree(EMBEDDED / "sam", sam)
    first, size_only = network_digest(sam), weights_digest(sam)
    assert first == network_digest(EMBEDDED / "sam")
    change(sam / "model.safetensors")
    assert network_digest(sam) != first
    assert weights_digest(sam) == size_only


def test_a_network_is_known_by_its_sizes(tmp_path: Path) -> None:
    sam = tmp_path / "sam"
    shutil.copytree(EMBEDDED / "sam", sam)
    first, file = network_digest(sam), sam / "config.json"
    config = json.loads(file.read_text())
    config["transformers_version"] = "99"
    config["vision_config"]["dtype"] = "float16"
    file.write_text(json.dumps(config, indent=7))
    assert network_digest(sam) == first
    config["vision_config"]["window_size"] += 1
    file.write_text(json.dumps(config))
    assert network_digest(sam) != first


def test_sam_of_a_model_directory_wherever_it_lies(model_folder: Path, tmp_path: Path) -> None:
    model, elsewhere = tmp_path / "model", tmp_path / "published" / "sam"
    shutil.copytree(model_folder, model)
    first = sam_digest(model_folder)
    assert first == sam_digest(model) == network_digest(model / "sam")
    elsewhere.parent.mkdir()
    (model / "sam").rename(elsewhere)
    text = (model / "llmseg.yaml").read_text()
    (model / "llmseg.yaml").write_text(text.replace("sam: sam", f"sam: {elsewhere}"))
    assert sam_digest(model) == first
    change(model / "selector.safetensors")
    assert sam_digest(model) == first
    change(elsewhere / "model.safetensors")
    assert sam_digest(model) != first
    (model / "llmseg.yaml").write_text(text.replace("sam: sam", "sam: some/name-on-the-hub"))
    with pytest.raises(FileNotFoundError, match="some/name-on-the-hub"):
        sam_digest(model)


def test_published_files_of_weights(tmp_path: Path) -> None:
    first, second = tmp_path / "sam_vit_x.pth", tmp_path / "folder" / "pytorch_model.bin"
    second.parent.mkdir()
    for value in (0.0, 1.0):
        torch.save({"a": torch.full((2,), value)}, first)
        torch.save({"a": torch.full((2,), value)}, second)
        digests = network_digest(first), network_digest(second.parent)
        if value == 0:
            zeros = digests
    assert not set(zeros) & set(digests)


def test_a_network_in_memory() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    first = module_digest(network)
    assert module_digest(copy.deepcopy(network)) == first
    assert module_digest(copy.deepcopy(network).bfloat16()) != first
    with torch.no_grad():
        network[0].bias[1] += 1
    assert module_digest(network) != first


def test_one_file_and_no_model(tmp_path: Path) -> None:
    for value in (0.0, 1.0):
        save_file({"a": torch.full((2,), value)}, tmp_path / f"{value}.safetensors")
    zero, one = (weights_digest(tmp_path / f"{value}.safetensors") for value in (0.0, 1.0))
    assert zero != one
    assert weights_digest(tmp_path) not in (zero, one)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        model_digest(tmp_path / "gone")


def test_of_another_method_all_settings_decide(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "a.safetensors")
    digests = set()
    for text in ("method: other", "method: other\nbox_threshold: 0.5"):
        (tmp_path / "llmseg.yaml").write_text(text)
        digests.add(model_digest(tmp_path))
    assert len(digests) == 2
