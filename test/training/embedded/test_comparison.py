# SPDX-License-Identifier: Apache-2.0
"""LLM-Seg beside LISA in miniature: both learn the same, and stand below the paper's rows."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from llmseg_core.model_dir.checkpoint import load_parts
from llmseg_core.prompted.sam import SamMasks
from llmseg_core.prompted.seg_prompt import SegPromptDecoder
from llmseg_core.vlm.seg_token import SegTokenEncoder
from llmseg_training.commands.ablate import ABLATE
from llmseg_training.embedded import comparison as module
from llmseg_training.embedded.comparison import (
    COMPARISON_RECIPE,
    Comparison,
    begin_with_first,
    load_comparison,
)
from llmseg_training.embedded.scene_masks import KnownImages, SceneMaskDataset
from llmseg_training.embedded.selection_data import QuestionDraw, SelectionDataset, encode_scene
from llmseg_training.lisa.objective import LisaModel
from llmseg_training.scenes import SceneFolder

STEPS = {"steps": 2, "batch_size": 2, "questions": 2, "warmup_steps": 1, "decay_steps": 1,
         "meaning_weight": 0}  # fmt: skip
TINY = {
    "scenes": {
        "train": 4, "val": 1, "test": 2, "proposals": 4, "width": 128,
        "height": 96, "min_objects": 2, "max_objects": 3, "categories": ["mug", "banana", "book"],
    },
    "training": {**STEPS, "vlm_from": 1}, "fine_tuning": STEPS, "questions": 3,
}  # fmt: skip
ROWS = ["LISA, zero-shot", "LISA, fine-tuned", "LLM-Seg, zero-shot", "LLM-Seg, fine-tuned"]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command was run once; it may not be changed."""
    folder = tmp_path_factory.mktemp("comparison")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    assert run(folder, folder) == 0
    return folder


def run(work: Path, out: Path) -> int:
    parser = argparse.ArgumentParser()
    ABLATE.add_arguments(parser)
    options = ["table5", "--recipe", work / "tiny.yaml", "--work", work, "--out", out]
    return ABLATE.run(parser.parse_args([*map(str, options), "--device", "cpu"]))


def test_both_are_scored_before_and_after(
    work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finished rows are not trained again."""
    for name in ("train_selection", "train_scene_masks"):
        monkeypatch.setattr(module, name, None)
    assert run(work, tmp_path) == 0
    printed = capsys.readouterr().out
    stored = json.loads((tmp_path / "table5.json").read_text())
    assert list(stored["mean"]) == list(stored["seeds"]["0"]) == ROWS
    for row in ROWS:
        assert printed.count(f"{row} (here)") == 2
        scores = stored["mean"][row]
        assert 0 <= scores["giou"] <= 1
        assert scores["count"] == stored["mean"][ROWS[0]]["count"]


def test_fine_tuning_goes_on_from_the_first_training(work: Path) -> None:
    folder = work / "seed_0"
    for method in ("LISA", "LLM-Seg"):
        files = [folder / method / state / "model.safetensors" for state in module.STATES]
        assert all(file.is_file() for file in files)
        assert files[0].read_bytes() != files[1].read_bytes()


def test_both_are_asked_the_same(work: Path) -> None:
    parts = load_parts("embedded")
    scenes = SceneFolder(work / "scenes" / "train")
    comparison = Comparison(load_comparison(work / "tiny.yaml"), work)
    vlm = SegTokenEncoder(parts.llava, parts.tokenizer, parts.config.seg_token)
    model = LisaModel(vlm, SegPromptDecoder(parts.sam, vlm.hidden_dim))
    proposals = comparison._proposals("train")
    encoded = [
        encode_scene(
            scenes[index],
            proposals[scenes.sample_name(index)],
            lambda image, found: type("E", (), {
                "features": torch.zeros(len(found), 4),
                "boxes_rel": torch.zeros(len(found), 4),
            })(),
            vlm.pixel_values,
        )
        for index in range(len(scenes))
    ]  # fmt: skip
    for words in ("train", "test"):
        draw = QuestionDraw(words, 4, absent_share=0.5)
        masks = SceneMaskDataset(scenes, model, draw, 5)
        chosen = SelectionDataset(encoded, draw, 5)
        for index in range(len(scenes)):
            one, other = masks[index], chosen[index]
            assert (one.questions, one.answers) == (other.questions, other.answers)
            assert torch.allclose(one.pixel_values, other.pixel_values, atol=1e-2)
            for mask, meant in zip(one.masks, other.meanings, strict=True):
                wanted = np.isin(scenes[index].instances, meant.target_ids)
                assert np.array_equal(mask, wanted)
    assert (
        masks[0].questions
        != SceneMaskDataset(scenes, model, QuestionDraw("train", 4), 5)[0].questions
    )


def test_an_image_is_encoded_once(work: Path) -> None:
    sam = SamMasks(load_parts("embedded").sam)
    known, image = KnownImages(sam), SceneFolder(work / "scenes" / "train")[0].image
    first = known.encode(image)
    assert known.encode(image.copy()) is first
    assert known.encode(image[::-1]) is not first
    wanted = sam.encode(image).features["image_embeddings"]
    assert torch.equal(first.features["image_embeddings"], wanted)


def test_the_single_mask_begins_as_the_first_of_three() -> None:
    parts = load_parts("embedded")
    decoder = begin_with_first(SegPromptDecoder(parts.sam, 8)).mask_decoder
    state, own = decoder.state_dict(), parts.sam.mask_decoder.state_dict()
    assert torch.equal(state["mask_tokens.weight"][0], own["mask_tokens.weight"][1])
    for name, value in own.items():
        if ".1." in name and name.startswith("output_hyper"):
            assert torch.equal(state[name.replace("mlps.1.", "mlps.0.")], value)


def test_the_shipped_recipe_gives_both_the_same_steps() -> None:
    recipe = load_comparison(COMPARISON_RECIPE)
    assert recipe.training.meaning_weight == recipe.fine_tuning.meaning_weight == 0
    assert (recipe.mask_losses.bce, recipe.mask_losses.dice) == (2.0, 0.5)
    assert recipe.fine_tuning.steps < recipe.training.steps
