# SPDX-License-Identifier: Apache-2.0
"""Old evaluations go on, or are read, and give the scores that they gave."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import run
from helpers.old_files import assert_covers, expected
from llmseg_core import LLMSegPipeline
from llmseg_training.commands.evaluate import EVALUATE
from llmseg_training.data import open_data
from llmseg_training.evaluate import SegmenterAnswers, evaluate, score_cases
from llmseg_training.evaluate.json_lines import JsonLines

MODEL = ("--model", "models/dinov2")
EVALUATIONS = {
    "folder": ("--data", "data/train", *MODEL, "--proposals", "proposals/train"),
    "scenes": ("--data", "scenes:embedded/scenes:val", *MODEL),
}


def asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(self: LLMSegPipeline, image: np.ndarray) -> None:
        raise AssertionError("the model was asked again")

    monkeypatch.setattr(LLMSegPipeline, "encode_frame", asked)


@pytest.mark.parametrize("name", EVALUATIONS)
def test_stored_scores_are_scored_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """They belong to the same model by its digest, and to the same questions, drawn again."""
    asks_nothing(monkeypatch)
    (tmp_path / name).mkdir()
    shutil.copy(Path("evaluate") / name / "scores.jsonl", tmp_path / name)
    options = ("--name", "dinov2", "--out", tmp_path / name)
    assert run(EVALUATE, *EVALUATIONS[name], *options) == 0
    report = json.loads((tmp_path / name / "report.json").read_text())
    old = expected(f"evaluate/{name}/report.json")
    if name == "scenes":
        del old["proposal_miou"]  # was of every target, and is of every object that can be seen
    assert_covers(report, old)


@pytest.mark.parametrize("place", ["predictions", "predictions.jsonl"])
def test_stored_masks_are_scored_as_they_were(tmp_path: Path, place: str) -> None:
    predictions = ("--predictions", f"evaluate/folder/{place}")
    run(EVALUATE, "--data", "data/train", *predictions, "--out", tmp_path)
    report, old = (
        json.loads(file.read_text())["scores"]
        for file in (tmp_path / "report.json", Path("evaluate/folder/report.json"))
    )
    for score in ("count", "giou", "ciou", "nciou", "target_recall"):
        assert report[score] == pytest.approx(old[score], abs=1e-6)


def test_stored_answers_of_another_method_are_scored_as_they_were(tmp_path: Path) -> None:
    class Asked:
        def segment(self, image: np.ndarray, instruction: str) -> None:
            raise AssertionError("the method was asked again")

    file = shutil.copy("evaluate/masks.jsonl", tmp_path)
    data = open_data("data/train")
    lines = JsonLines(Path(file), {"vlm": "0123456789abcdef", "data": data.name})
    found = evaluate(data, SegmenterAnswers(Asked(), lines))  # type: ignore[arg-type]
    scores = score_cases(found.cases)
    for name, old in expected("evaluate/masks_scores.json").items():
        assert scores[name] == pytest.approx(old, abs=1e-6, nan_ok=True)


def test_an_old_report_stands_beside_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asks_nothing(monkeypatch)
    shutil.copy("evaluate/folder/scores.jsonl", tmp_path)
    also = ("--also", "evaluate/scenes/report.json", "--beside", "paper-table-1")
    run(EVALUATE, *EVALUATIONS["folder"], "--name", "new", "--out", tmp_path, *also)
    old = expected("evaluate/scenes/report.json")
    table = capsys.readouterr().out.partition("Paper, Table 1")[2]
    (line,) = (line for line in table.splitlines() if old["name"] in line)
    assert f"{100 * old['scores']['giou']:.1f}" in line
    assert not math.isnan(old["scores"]["giou"])
