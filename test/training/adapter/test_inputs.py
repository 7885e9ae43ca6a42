# SPDX-License-Identifier: Apache-2.0
"""Data and stored proposals are opened, and a wrong path shows, before any weights are read."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from helpers.folder_data import write_folder_data
from llmseg_core import Proposals
from llmseg_core.config import LLMSegConfig
from llmseg_core.model_dir.checkpoint import load_config
from llmseg_training.adapter.inputs import open_inputs
from llmseg_training.adapter.recipe import AdapterRecipe
from llmseg_training.adapter.train import train_adapter
from llmseg_training.data import BrokenSampleError, open_data
from llmseg_training.proposals.made_with import sam_of
from llmseg_training.proposals.write import write_proposals


def whole_image(image: np.ndarray) -> Proposals:
    """One proposal, everything."""
    return Proposals.from_masks(torch.ones(1, *image.shape[:2], dtype=torch.bool))


def no_weights(*args: object, **kwargs: object) -> None:
    raise AssertionError("weights were read")


@pytest.fixture
def recipe(tmp_path: Path) -> AdapterRecipe:
    """Data with stored proposals, and a model directory without weights."""
    config = LLMSegConfig()
    model = tmp_path / "model"
    model.mkdir()
    (model / "llmseg.yaml").write_text(yaml.safe_dump(config.to_dict()))
    for name, first in (("train", 0), ("val", 10)):
        data = open_data(write_folder_data(tmp_path / name, 2, first))
        folder = tmp_path / "proposals" / name
        write_proposals(whole_image, data, folder, config=config.proposals, show_progress=False)
    return AdapterRecipe(
        model=str(model),
        data=str(tmp_path / "train"),
        proposals=str(tmp_path / "proposals" / "train"),
        validation=str(tmp_path / "val"),
        validation_proposals=str(tmp_path / "proposals" / "val"),
    )


def test_what_a_recipe_names_is_opened(recipe: AdapterRecipe) -> None:
    inputs = open_inputs(recipe)
    assert inputs.proposals is not None
    assert inputs.validation is not None
    assert inputs.validation_proposals is not None
    assert [data.name for data in (inputs.data, inputs.validation)] == ["train", "val"]
    assert [len(inputs.proposals), len(inputs.validation_proposals)] == [2, 2]
    assert inputs.proposals(inputs.data.image(1)).image_size == (40, 60)


def test_what_it_does_not_name_is_absent(recipe: AdapterRecipe) -> None:
    inputs = open_inputs(replace(recipe, proposals=None, validation=None))
    assert (inputs.proposals, inputs.validation, inputs.validation_proposals) == (None, None, None)


def test_proposals_of_another_sam_are_refused(
    recipe: AdapterRecipe, model_folder: Path, tmp_path: Path
) -> None:
    sam, config = sam_of(model_folder, torch.float16), load_config(model_folder).proposals
    data, folder = open_data(recipe.data), tmp_path / "of the tiny model"
    write_proposals(whole_image, data, folder, config=config, show_progress=False, sam=sam)
    recipe = replace(recipe, model=str(model_folder), proposals=str(folder), validation=None)
    assert open_inputs(recipe).proposals is not None  # in whatever format they were made
    shutil.copytree(model_folder, tmp_path / "other")
    change(tmp_path / "other" / "sam" / "model.safetensors")
    with pytest.raises(ValueError, match=f"made with sam_weights {sam.weights}, not "):
        open_inputs(replace(recipe, model=str(tmp_path / "other")))


def change(file: Path) -> None:
    """Another number in a file of weights."""
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("model", "{}/none", FileNotFoundError, "model directory .*none does not exist"),
        ("data", "{}/none", FileNotFoundError, r"none has no samples\.jsonl"),
        ("data", "reason_seg:{}:dev", ValueError, "the split is 'dev', it must be one of train"),
        ("proposals", "{}/none", FileNotFoundError, "none has no proposals of 2 of 2"),
        ("proposals", "{}/proposals/val", FileNotFoundError, "no proposals of 2 of 2 samples"),
        ("validation", "{}/none", FileNotFoundError, r"none has no samples\.jsonl"),
        ("validation_proposals", "{}/none", FileNotFoundError, "no proposals of 2 of 2 samples"),
    ],
)
def test_a_wrong_path_is_named_before_weights_are_read(
    recipe: AdapterRecipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    error: type[Exception],
    message: str,
) -> None:
    monkeypatch.setattr("llmseg_training.adapter.train.load_adapter_parts", no_weights)
    wrong = replace(recipe, **{name: value.format(tmp_path)})
    with pytest.raises(error, match=message):
        train_adapter(wrong, tmp_path / "work")
    assert not (tmp_path / "work" / "recipe.yaml").exists()  # so that the mended one may begin


def test_a_broken_sample_is_fatal_before_weights_are_read_or_left_out(
    recipe: AdapterRecipe, tmp_path: Path
) -> None:
    for image in (tmp_path / "val" / "images").iterdir():
        image.write_bytes(b"no image")
    with pytest.raises(BrokenSampleError, match=r"val: sample 'picture_1[01]'"):
        open_inputs(recipe)
    (tmp_path / "train" / "images" / "picture_0.png").unlink()
    recipe = replace(recipe, validation=None, broken="skip")
    assert len(open_inputs(recipe).data) == 2


def test_proposals_of_other_settings_are_refused(recipe: AdapterRecipe, tmp_path: Path) -> None:
    other = LLMSegConfig().to_dict()
    other["proposals"]["points_per_side"] = 8
    (tmp_path / "model" / "llmseg.yaml").write_text(yaml.safe_dump(other))
    with pytest.raises(ValueError, match="made with points_per_side 32, not 8"):
        open_inputs(recipe)


def test_weights_come_last(recipe: AdapterRecipe, tmp_path: Path) -> None:
    """Everything else of this recipe is right; the model directory has no networks."""
    with pytest.raises(FileNotFoundError, match="llava"):
        train_adapter(recipe, tmp_path / "work")
    assert [path.name for path in (tmp_path / "work").iterdir()] == [".lock"]
