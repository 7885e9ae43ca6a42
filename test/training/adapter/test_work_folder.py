# SPDX-License-Identifier: Apache-2.0
"""What may change while a training goes on, and how one begins."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.adapter_place import Place, Trained, assert_same, weights
from llmseg_training.adapter.directory import stored_scores
from llmseg_training.adapter.lora import LoraRecipe
from llmseg_training.adapter.train import train_adapter
from llmseg_training.data import BrokenPolicy


def test_what_does_not_change_the_result_may_change(
    place: Place, trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an interruption, with data and model moved, to the same weights."""
    root, work = tmp_path / "moved", tmp_path / "work"
    shutil.copytree(place.root, root)
    shutil.copytree(place.model, root / "model")
    shutil.copytree(trained.work, work)
    for name in ("checkpoint-8", "best", "last"):
        shutil.rmtree(work / name)
    shutil.copytree(trained.work / "best", work / "best")
    recipe = Place(root, root / "model").recipe(
        gradient_checkpointing=False, broken=BrokenPolicy.SKIP, log_steps=3, report_to=()
    )
    train_adapter(recipe, work)
    assert_same(weights(work / "last"), weights(trained.work / "last"))
    said = capsys.readouterr().err
    assert "goes on with model " in said
    assert "gradient_checkpointing False, not True" in said
    for changes, what in (
        (
            {"data": recipe.validation, "proposals": recipe.validation_proposals},
            "data .*train",
        ),
        ({"batch_size": 2}, "batch_size 1, not 2"),
        ({"steps": 7}, "steps 8, not 7"),
        ({"lora": LoraRecipe(rank=2)}, "lora"),
    ):
        with pytest.raises(ValueError, match=f"was begun with {what}"):
            train_adapter(replace(recipe, **changes), work)


def test_more_steps_may_follow(place: Place, trained: Trained, tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(trained.work, work)
    train_adapter(place.recipe(steps=9), work)
    assert stored_scores(work / "last") == {"step": 9}


def test_a_failed_start_binds_nobody(place: Place, tmp_path: Path) -> None:
    recipe = place.recipe(steps=1, warmup_steps=0, validation=None)
    wrong = replace(recipe, lora=LoraRecipe(projections=("qq_proj",)))
    with pytest.raises(ValueError, match="No modules were targeted"):
        train_adapter(wrong, tmp_path)
    assert train_adapter(recipe, tmp_path).is_dir()


@pytest.mark.parametrize("place_of", ["checkpoint-8", "checkpoint-8/model.safetensors"])
def test_a_training_begins_with_the_weights_of_a_checkpoint(
    place: Place, trained: Trained, tmp_path: Path, place_of: str
) -> None:
    """With a rate of nothing it ends with them."""
    recipe = place.recipe(
        begin_with=str(trained.work / place_of), steps=1, warmup_steps=1, validation=None
    )
    train_adapter(recipe, tmp_path)
    assert_same(weights(tmp_path / "last"), weights(trained.work / "last"))


def test_weights_that_do_not_fit_are_refused(
    place: Place, trained: Trained, tmp_path: Path
) -> None:
    recipe = place.recipe(begin_with=str(trained.work / "checkpoint-8"), lora=LoraRecipe(rank=2))
    with pytest.raises(ValueError, match=r"lora_A.* is \(8, 24\), the model's is \(2, 24\)"):
        train_adapter(recipe, tmp_path)
    with pytest.raises(FileNotFoundError, match="begin_with is 'gone', it must be a folder"):
        train_adapter(replace(recipe, begin_with="gone"), tmp_path)


@pytest.mark.parametrize(
    ("schedule", "wanted"), [("constant", [0, 1, 1, 1]), ("cosine", [0, 1, 0.75, 0.25])]
)
def test_other_schedules(place: Place, tmp_path: Path, schedule: str, wanted: list[float]) -> None:
    recipe = place.recipe(schedule=schedule, steps=4, warmup_steps=1, validation=None)
    train_adapter(recipe, tmp_path)
    state = json.loads((tmp_path / "checkpoint-4" / "trainer_state.json").read_text())
    rates = [entry["learning_rate"] for entry in state["log_history"]]
    assert rates == pytest.approx([5e-3 * share for share in wanted])


def test_a_sample_without_proposals_is_broken(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "place"
    shutil.copytree(place.root, root)
    files = sorted((root / "proposals" / "train").glob("*.json"))
    files[0].write_bytes(files[0].read_bytes()[:50])
    files[1].unlink()
    recipe = Place(root, place.model).recipe(steps=6, validation=None)
    with pytest.raises(FileNotFoundError, match="no proposals of 1 of 4 samples of train, such as"):
        train_adapter(recipe, tmp_path / "fatal")
    train_adapter(replace(recipe, broken=BrokenPolicy.SKIP), tmp_path / "skip")
    said = capsys.readouterr().err
    assert "left out: train: sample 'picture_0': " in said
    assert f"{files[0]} holds no proposals" in said
    assert "has no proposals of this image" in said
