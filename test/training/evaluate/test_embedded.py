# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmseg_training.evaluate.embedded import main

KEYS = ("giou", "ciou", "nciou", "oracle_giou", "random_giou", "proposal_miou")


def test_the_table_and_the_report(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "out" / "report.json"
    arguments = [
        *("--model", str(model_folder), "--data", str(tmp_path), "--scenes", "2"),
        *("--questions", "4", "--seed", "5", "--json", str(report)),
    ]
    assert main(arguments) == 0
    values = json.loads(report.read_text())
    assert [path.name for path in report.parent.iterdir()] == ["report.json"]
    assert all(0 <= values[key] <= 1 for key in KEYS)
    assert 0 <= (values["no_target_accuracy"] or 0) <= 1
    assert (values["scenes"], values["questions_per_scene"], values["seed"]) == (2, 4, 5)
    rows = values["rows"]
    assert rows["unseen: all"]["count"] == rows["seen: all"]["count"] == 8
    assert rows["unseen: all"]["giou"] == values["giou"]
    assert rows["seen: all"] == values["seen_phrasings"]
    kinds = [name for name in rows if name.partition(": ")[2] in ("relation", "function", "colour")]
    assert kinds
    for phrasing in ("unseen", "seen"):
        apart = [
            rows.get(f"{phrasing}: {name}", {"count": 0})["count"]
            for name in ("with a target", "no target")
        ]
        assert sum(apart) == 8
    printed = capsys.readouterr().out
    assert "2 test scenes, seed 5" in printed
    assert f"mean IoU {values['proposal_miou']:.3f}" in printed
    assert f"{values['giou']:.3f}" in printed
    assert all(name in printed for name in rows)


def test_scores_of_no_question_are_null_in_json(model_folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    arguments = ["--model", str(model_folder), "--data", str(tmp_path), "--scenes", "1"]
    assert main([*arguments, "--questions", "1", "--json", str(report)]) == 0
    text = report.read_text()
    assert "NaN" not in text
    row = json.loads(text)["rows"]["unseen: all"]
    assert None in (row["no_target_accuracy"], row["target_recall"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nowhere"], "model directory nowhere does not exist"),
        (["--scenes", "0"], "--scenes is 0, it must be at least 1"),
        (["--questions", "-1"], "--questions is -1, it must be at least 1"),
    ],
)
def test_wrong_arguments_are_named(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--data", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error == f"python -m llmseg_training.evaluate.embedded: {message}\n"
