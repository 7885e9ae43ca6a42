# SPDX-License-Identifier: Apache-2.0
"""The ablations in miniature: every row learns, is scored, and stands beside the paper's."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
import yaml
from transformers import ConvNextConfig, ConvNextModel

from llmseg_core.config import ImageEncoderKind
from llmseg_core.model_dir.checkpoint import load_parts
from llmseg_core.runtime.folder_lock import FolderInUseError, locked
from llmseg_training.commands.ablate import ABLATE, ABLATION_RECIPE
from llmseg_training.embedded import ablation as ablation_module
from llmseg_training.embedded.ablation import ABLATIONS, Ablation, row_parts
from llmseg_training.embedded.ablation_report import PAPER
from llmseg_training.embedded.recipe import load_recipe
from llmseg_training.evaluate.paper_tables import paper_table

TINY = {
    "scenes": {
        "train": 4, "val": 1, "test": 2, "proposals": 4, "width": 128,
        "height": 96, "min_objects": 2, "max_objects": 3, "categories": ["mug", "banana", "book"],
    },
    "selection": {
        "steps": 3, "batch_size": 2, "questions": 2, "warmup_steps": 1, "decay_steps": 1,
        "vlm_from": 3, "language_weight": 0, "meaning_weight": 0,
    },
    "ship": {"questions": 3},
}  # fmt: skip


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    file.write_text(yaml.safe_dump(TINY))
    return file


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by the tables, as their scenes and proposals are."""
    return tmp_path_factory.mktemp("work")


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    ABLATE.add_arguments(parser)
    return ABLATE.run(parser.parse_args(arguments))


@pytest.mark.parametrize("table", list(ABLATIONS))
def test_a_table_stands_beside_the_papers(
    table: str, recipe: Path, work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (table, "--recipe", str(recipe), "--work", str(work), "--out", str(tmp_path))
    assert run(*arguments) == 0
    printed = capsys.readouterr().out
    rows = json.loads((tmp_path / f"{table}.json").read_text())["rows"]
    paper = paper_table(PAPER[table]).rows
    assert [row["paper"] for row in rows] == [dict(row.scores) for row in paper]
    for row in rows:
        assert row["row"].split()[0] in printed
        assert 0 <= row["here"]["giou"] <= row["here"]["oracle_giou"] <= 1
        assert row["here"]["no_target_accuracy"] is None  # only questions with a target count
    assert (tmp_path / f"{table}.png").read_bytes().startswith(b"\x89PNG")


def test_finished_rows_are_not_trained_again(
    recipe: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Ablation("table2", load_recipe(recipe), work).run()
    trained = []
    train = ablation_module.train_selection
    monkeypatch.setattr(
        ablation_module, "train_selection", lambda *a: trained.append(a) or train(*a)
    )
    for file in work.rglob("scores.json"):
        assert '"no_target_accuracy": null' in file.read_text()
    for _ in range(2):
        again = Ablation("table2", load_recipe(recipe), work).run()
        for row, scores in first.items():
            assert again[row] == pytest.approx(scores, nan_ok=True)
        for file in work.rglob("scores.json"):  # as it was written before
            file.write_text(file.read_text().replace("null", "NaN"))
    assert not trained


def test_one_ablation_at_a_time_writes_a_folder(recipe: Path, tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(FolderInUseError, match="is being written by process"):
        run("table2", "--recipe", str(recipe), "--work", str(tmp_path))


def test_rows_differ_in_what_the_table_is_about(tmp_path: Path) -> None:
    parts = load_parts("embedded")
    alone, fused, _, both = (row_parts(parts, row, None, 0) for row in ABLATIONS["table2"])
    assert alone.selector.fusion is None
    assert fused.selector.fusion is not None
    assert fused.config.selection.rule.value == "top_iou"
    assert both.config.selection.rule.value == "iop"
    config = ConvNextConfig(hidden_sizes=[4, 8, 12, 20], depths=[1, 1, 1, 1])
    ConvNextModel(config).save_pretrained(tmp_path / "convnext")
    kinds = [row_parts(parts, row, tmp_path / "convnext", 0).config for row in ABLATIONS["table4"]]
    assert [c.image_encoder.kind for c in kinds] == list(ImageEncoderKind)
    assert [c.selector.feature_dim for c in kinds] == [128, 20, 64]


def test_the_shipped_recipe_keeps_the_vlm_as_it_is() -> None:
    recipe = load_recipe(ABLATION_RECIPE)
    assert recipe.selection.vlm_from >= recipe.selection.steps
    with pytest.raises(ValueError, match="'table9' is no ablation, it must be one of table2"):
        Ablation("table9", recipe, Path("nowhere"))
