# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from llmseg_core import LLMSegPipeline, SelectionConfig
from llmseg_core.config import SelectionRule
from llmseg_training.evaluate.model_digest import model_digest, weights_digest


def test_weights_and_settings_decide_and_the_rule_does_not(
    model_folder: Path, tmp_path: Path
) -> None:
    first = model_digest(model_folder)
    copy = tmp_path / "copy"
    shutil.copytree(model_folder, copy)
    assert model_digest(copy) == first
    pipeline = LLMSegPipeline.from_pretrained(copy)
    config = pipeline.config
    pipeline.config = replace(config, selection=SelectionConfig(SelectionRule.TOP_IOU, 0.9))
    pipeline.save_pretrained(copy)
    assert model_digest(copy) == first
    pipeline.config = replace(config, proposals=replace(config.proposals, max_proposals=2))
    pipeline.save_pretrained(copy)
    assert model_digest(copy) != first
    shutil.copytree(model_folder, copy, dirs_exist_ok=True)
    assert model_digest(copy) == first
    file = copy / "selector.safetensors"
    weights = load_file(file)
    weights[min(weights)] = weights[min(weights)] + 1
    save_file(weights, file)
    assert model_digest(copy) != first


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
