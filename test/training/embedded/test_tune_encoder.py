# SPDX-License-Identifier: Apache-2.0
"""A model's DINOv2 learns the words of a data folder, and is a model with the rest."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
import yaml

from helpers.folder_data import write_folder_data
from llmseg_core.cli.main import main
from llmseg_core.methods.llm_seg import LLMSegPipeline
from llmseg_core.model_dir.checkpoint import load_config


def test_encoder_and_projection_learn_and_the_rest_stays(
    tmp_path: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_folder_data(tmp_path / "data", 6)
    work = str(tmp_path / "w")
    command = ["train-encoder", str(data), "--model", str(model_folder), "--work", work]
    assert main([*command, "--steps", "2", "--learning-rate", "1e-3"]) == 0
    assert f"model directory: {tmp_path / 'w' / 'last'}" in capsys.readouterr().out
    config = load_config(tmp_path / "w" / "last")
    assert (config.dinov2, config.sam) == ("dinov2", str(model_folder / "sam"))
    new = LLMSegPipeline.from_pretrained(tmp_path / "w" / "last")
    old = LLMSegPipeline.from_pretrained(model_folder)
    pairs = zip(new.selector.named_parameters(), old.selector.parameters(), strict=True)
    learned = {name for (name, one), two in pairs if not torch.equal(one, two)}
    assert learned == {"mask_projection.weight", "mask_projection.bias"}
    features = [each.mask_embedder.image_encoder.state_dict() for each in (new, old)]
    assert any(not torch.equal(features[0][name], features[1][name]) for name in features[0])
    assert main([*command, "--steps", "2"]) == 0  # ended already: nothing changes
    again = LLMSegPipeline.from_pretrained(tmp_path / "w" / "last").mask_embedder.image_encoder
    assert all(torch.equal(value, features[0][name]) for name, value in again.state_dict().items())


def test_what_it_had_seen_is_said_to_be_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_folder_data(tmp_path / "data", 6)
    command = ["train-encoder", str(data), "--model", "embedded", "--work", str(tmp_path / "w")]
    assert main([*command, "--steps", "1"]) == 0
    assert "to its former image encoder and is left out" in capsys.readouterr().out
    assert LLMSegPipeline.from_pretrained(tmp_path / "w" / "last").familiarity is None


def test_an_encoder_of_another_kind_is_refused(
    tmp_path: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = tmp_path / "base"
    shutil.copytree(model_folder, base)
    file = base / "llmseg.yaml"
    config = yaml.safe_load(file.read_text())
    config["image_encoder"]["kind"] = "sam"
    file.write_text(yaml.safe_dump(config))
    data = write_folder_data(tmp_path / "data", 6)
    work = str(tmp_path / "w")
    assert main(["train-encoder", str(data), "--model", str(base), "--work", work]) == 2
    assert "its image encoder is 'sam', and DINOv2 alone can learn here" in capsys.readouterr().err
