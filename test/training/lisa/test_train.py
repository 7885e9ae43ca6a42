# SPDX-License-Identifier: Apache-2.0
"""A LISA is trained by the recipes of the paper's training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from helpers.adapter_place import Place, Trained
from helpers.folder_data import write_folder_data
from helpers.tiny_lisa import save_tiny_lisa
from llmseg_core import load_method
from llmseg_core.cli.main import main
from llmseg_core.methods.lisa import Lisa
from llmseg_core.model_dir.lisa_files import LISA_FILE
from llmseg_training.adapter.inputs import open_inputs
from llmseg_training.adapter.lora import LoraRecipe
from llmseg_training.adapter.train import train_adapter
from llmseg_training.data import open_data
from llmseg_training.lisa.batch import MaskSample, collate_masks
from llmseg_training.lisa.parts import load_lisa_training
from llmseg_training.lisa.train import train_lisa

NONE = {"proposals": None, "validation_proposals": None}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """It may not be changed."""
    root = tmp_path_factory.mktemp("place")
    for name, images, first in (("train", 4, 0), ("val", 2, 10)):
        write_folder_data(root / name, images, first)
    return Place(root, save_tiny_lisa(root / "lisa"))


@pytest.fixture(scope="module")
def trained(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """It may not be changed."""
    work = tmp_path_factory.mktemp("work")
    model = train_lisa(place.recipe(**NONE), work)
    state = json.loads((work / "checkpoint-8" / "trainer_state.json").read_text())
    return Trained(work, model, state["log_history"])


def test_the_loss_falls_and_is_made_of_its_parts(trained: Trained) -> None:
    steps = [entry for entry in trained.log if "loss" in entry]
    losses = [entry["loss"] for entry in steps]
    assert len(losses) == 8
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])
    for entry in steps:
        total = entry["language_loss"] + 2 * entry["bce_loss"] + 0.5 * entry["dice_loss"]
        assert entry["loss"] == pytest.approx(total, rel=1e-4)


def test_everything_that_learns_has_changed_and_nothing_else(
    place: Place, trained: Trained
) -> None:
    before, after = load_method(place.model), load_method(trained.work / "last")
    assert isinstance(before, Lisa)
    assert isinstance(after, Lisa)
    for name, value in before.segmenter.model.state_dict().items():
        assert torch.equal(value, after.segmenter.model.state_dict()[name]), name
    old, new = (each.seg_token_encoder.llava.state_dict() for each in (before, after))
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    learns = ("q_proj.weight", "v_proj.weight", "embed_tokens.weight", "lm_head.weight")
    assert changed == {
        name
        for name in old
        if name.endswith(learns) and ("language_model" in name or "lm_head" in name)
    }
    old, new = before.decoder.state_dict(), after.decoder.state_dict()
    still = {name for name in old if torch.equal(old[name], new[name])}
    # SAM's other three masks and its predicted IoU stand beside, see `SegPromptDecoder`.
    unused = ("iou_prediction_head", *(f"output_hypernetworks_mlps.{each}" for each in (1, 2, 3)))
    beside = {name for name in old if name.startswith(tuple(f"mask_decoder.{x}" for x in unused))}
    assert beside <= still
    assert {name for name in still - beside if not name.endswith("k_proj.bias")} == set()


@torch.inference_mode()
def test_the_directory_answers_as_the_trained_networks_did(place: Place, trained: Trained) -> None:
    image = open_data(str(place.root / "train"))[0].image
    loaded = load_method(trained.work / "best")
    assert isinstance(loaded, Lisa)
    parts = load_lisa_training(trained.work / "best", LoraRecipe())
    parts.llava.eval()
    hidden = loaded.seg_token_encoder.encode_uncached(image, ["the red thing"])
    low, _ = parts.decoder(loaded.segmenter.encode(image).features["image_embeddings"], hidden)
    frame = loaded.encode_frame(image)
    answer = loaded.segment(frame, "the red thing")
    logits = loaded.logits(frame.image, low[0])
    sure = logits.abs() > 1e-3
    assert torch.equal(torch.from_numpy(answer.mask)[sure], (logits > 0)[sure])
    scores = json.loads((trained.work / "best" / "validation.json").read_text())
    validations = [entry["eval_giou"] for entry in trained.log if "eval_giou" in entry]
    assert scores["giou"] == max(validations)


def test_an_interrupted_training_goes_on_to_the_same(
    place: Place, trained: Trained, tmp_path: Path
) -> None:
    work = Path(copytree(trained.work, tmp_path / "work"))
    for name in ("checkpoint-8", "last"):
        for path in sorted((work / name).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (work / name).rmdir()
    train_lisa(place.recipe(**NONE), work)
    for file in (LISA_FILE, "adapter/adapter_model.safetensors"):
        one, other = (load_file(folder / "last" / file) for folder in (work, trained.work))
        for name, value in one.items():
            assert torch.equal(value, other[name]), name


def test_it_may_begin_with_sam_and_llava_alone(place: Place, tmp_path: Path) -> None:
    base = {"sam": str(place.model / "sam"), "llava": str(place.model / "llava")}
    model = tmp_path / "base"
    model.mkdir()
    (model / "llmseg.yaml").write_text(yaml.safe_dump({"method": "lisa", **base}))
    parts = load_lisa_training(model, LoraRecipe(), seed=3)
    own = parts.sam.mask_decoder.state_dict()
    for name, value in parts.decoder.mask_decoder.state_dict().items():
        assert torch.equal(value, own[name]), name
    again, other = (load_lisa_training(model, LoraRecipe(), seed=each) for each in (3, 4))
    first, second, third = (each.decoder.seg_projection[0].weight for each in (parts, again, other))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
    anew = load_lisa_training(place.model, LoraRecipe(), new_decoder=True, seed=3)
    assert torch.equal(anew.decoder.seg_projection[0].weight, first)


def test_half_precision(place: Place, tmp_path: Path) -> None:
    recipe = place.recipe(
        **NONE, precision="bfloat16", steps=2, validation=None, warmup_steps=0,
        gradient_checkpointing=True,
    )  # fmt: skip
    model = train_lisa(recipe, tmp_path)
    stored = load_file(model / LISA_FILE)
    assert {value.dtype for value in stored.values()} == {torch.float32}
    assert all(value.isfinite().all() for value in stored.values())


def test_what_does_not_fit_is_refused(place: Place, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"proposals are 'a', but a LISA has none: leave them out"):
        open_inputs(place.recipe(**{**NONE, "proposals": "a"}))
    other = tmp_path / "other"
    other.mkdir()
    (other / "llmseg.yaml").write_text("method: grounding\n")
    recipe = replace(place.recipe(**NONE), model=str(other))
    for train in (train_lisa, train_adapter):
        with pytest.raises(ValueError, match=r"'grounding', which does not learn; it must be one"):
            train(recipe, tmp_path / "work")


def test_shapes_are_checked() -> None:
    image, pixels = np.zeros((4, 6, 3), np.uint8), torch.zeros(3, 8, 8)
    masks = np.zeros((2, 4, 6), bool)
    sample = MaskSample(image, pixels, masks, masks, ("a", "b"), ("x", "y"))
    batch = collate_masks([sample, replace(sample, image=image)])
    assert batch.image_index.tolist() == [0, 0, 1, 1]
    assert len(batch.masks) == 4
    with pytest.raises(ValueError, match=r"masks is bool \(1, 4, 6\), it must be bool \(2, 4, 6\)"):
        replace(sample, masks=masks[:1])
    with pytest.raises(ValueError, match="2 questions but 1 answers"):
        replace(sample, answers=("x",))


def test_the_commands_train_and_evaluate(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "small.yaml"
    plain = place.recipe(**NONE, steps=1, warmup_steps=0, validation=None).to_dict()
    recipe.write_text(yaml.safe_dump(plain))
    assert main(["train", str(recipe), "--work", str(tmp_path / "work"), "--device", "cpu"]) == 0
    model = tmp_path / "work" / "last"
    assert f"model directory: {model}" in capsys.readouterr().out
    report = tmp_path / "report.json"
    options = ["--data", str(place.root / "val"), "--model", str(model), "--json", str(report),
               "--out", str(tmp_path / "out"), "--device", "cpu"]  # fmt: skip
    assert main(["evaluate", *options]) == 0
    assert 0 <= json.loads(report.read_text())["scores"]["giou"] <= 1
