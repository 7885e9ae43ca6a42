# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.small_data import write_small_data
from llmseg_core import LLMSegPipeline
from llmseg_core.cli.main import run_command
from llmseg_core.images.image_files import read_image
from llmseg_training.commands.evaluate import EVALUATE
from llmseg_training.data.folder import FolderData
from llmseg_training.proposals.cache import write_proposals


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of three images; it may not be changed."""
    folder = tmp_path_factory.mktemp("data") / "small"
    write_small_data(folder)
    return folder


def run(*arguments: object) -> int:
    """Run `llmseg evaluate`."""
    return run_command("evaluate", EVALUATE, [str(argument) for argument in arguments])


def evaluated(*arguments: object) -> dict[str, Any]:
    """Run `llmseg evaluate`, which must succeed, and read its report."""
    assert run(*arguments) == 0
    out = Path(str(arguments[arguments.index("--out") + 1]))
    report: dict[str, Any] = json.loads((out / "report.json").read_text())
    return report


def test_report_tables_and_sweep(
    model_folder: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    report = evaluated(
        "--model", model_folder, "--data", folder, "--out", out, "--name", "tiny one", "--sweep",
        "--rule", "top_iou", "--beside", "paper-table-1", "--resamples", 50,
    )  # fmt: skip
    assert (report["name"], report["data"], report["images"]) == ("tiny one", "small", 3)
    assert report["scores"]["count"] == 7
    assert report["scores"]["no_target_accuracy"] == 0  # the rule always takes one
    assert set(report["breakdowns"]["kind"]) == {"category", "instruction", "phrase"}
    assert report["breakdowns"]["target"]["no target"]["target_recall"] is None
    for name, (low, high) in report["intervals"].items():
        assert 0 <= low <= high <= 1, name
    assert len(report["sweep"]) == 4 + 4 * 19
    top = report["sweep"][0]
    assert (top["rule"], top["giou"]) == ("top_iou", pytest.approx(report["scores"]["giou"]))
    assert sorted(path.name for path in out.iterdir()) == [
        "report.json", "scores.jsonl", "sweep.png"
    ]  # fmt: skip
    assert read_image(out / "sweep.png").shape[1] > 1000
    printed = capsys.readouterr().out
    assert "tiny one (here)" in printed
    assert "Paper, Table 1" in printed
    assert "Paper, Table 3" in printed
    assert f"{report['scores']['giou']:.3f}" in printed


def test_another_rule_needs_no_network(
    model_folder: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    same = ("--model", model_folder, "--data", folder, "--out", out, "--resamples", 20)
    first = evaluated(*same, "--rule", "top_iou")
    stored = (out / "scores.jsonl").read_bytes()
    second = evaluated(*same, "--rule", "iop", "--threshold", "0.2")
    assert (out / "scores.jsonl").read_bytes() == stored
    assert second["scores"]["giou"] != first["scores"]["giou"]
    table = tmp_path / "again.json"
    assert run(*same, "--rule", "top_iou", "--json", table) == 0
    assert json.loads(table.read_text()) == first
    capsys.readouterr()
    also = ("--beside", "paper-table-5", "--also", table)
    assert run(*same, *also) == 0
    assert capsys.readouterr().out.count("(here)") == 2


def test_stored_proposals_give_the_same(model_folder: Path, folder: Path, tmp_path: Path) -> None:
    pipeline = LLMSegPipeline.from_pretrained(model_folder)
    cache = tmp_path / "cache"
    write_proposals(pipeline.generator, FolderData(folder), cache, config=pipeline.config.proposals)
    same = ("--model", model_folder, "--data", folder, "--resamples", 20)
    live = evaluated(*same, "--out", tmp_path / "live")
    assert evaluated(*same, "--out", tmp_path / "stored", "--proposals", cache) == live


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nowhere"], "model directory nowhere does not exist"),
        (["--data", "faces:x"], "'faces' is no kind of data set"),
        (["--samples", "0"], "--samples is 0, it must be at least 1"),
        (["--threshold", "2"], "iop_threshold is 2.0, it must be in [0, 1]"),
        (["--phrase-question", "what?"], "--phrase-question is 'what?', it must be a text with {n"),
        (["--phrase-question", ""], "--phrase-question is '', it must be a text with {name}"),
        (["--phrase-question", "{name} {x}"], "is '{name} {x}', it must be a text with {name} and"),
        (["--also", "gone.json"], "gone.json"),
        (["--resamples", "0"], "resamples is 0"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str],
    message: str,
    model_folder: Path,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    usual = {"--model": model_folder, "--data": folder, "--out": tmp_path / "out"}
    usual.pop(arguments[0], None)
    rest = [part for pair in usual.items() for part in pair]
    assert run(*arguments, *rest) == 2
    error = capsys.readouterr().err
    assert message in error.splitlines()[-1]
    assert "Traceback" not in error


def test_answers_of_another_model_are_not_taken(
    model_folder: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "scores.jsonl").write_text('{"model": "0", "data": "small", "dtype": "float32"}\n')
    code = run("--model", model_folder, "--data", folder, "--out", out)
    assert code == 2
    assert "scores.jsonl belongs to model '0'" in capsys.readouterr().err


def test_own_predictions_score_the_same_again(
    model_folder: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = ("--data", folder, "--resamples", 20)
    model = (*same, "--model", model_folder, "--out", tmp_path / "own", "--rule", "top_iou")
    for place in (tmp_path / "masks", tmp_path / "masks.jsonl"):
        own = evaluated(*model, "--write-predictions", place)
        again = evaluated(*same, "--out", tmp_path / "again", "--predictions", place, "--gallery")
        assert again["name"] == "masks"
        for name in ("giou", "ciou", "nciou", "no_target_accuracy", "target_recall"):
            assert again["scores"][name] == own["scores"][name]
        assert again["intervals"] == own["intervals"]
        assert again["scores"]["oracle_giou"] is None
        assert "<article>" in (tmp_path / "again" / "gallery.html").read_text()
    capsys.readouterr()
    (tmp_path / "masks" / "a_0.png").unlink()
    short = (*same, "--out", tmp_path / "short", "--predictions", tmp_path / "masks")
    assert run(*short) == 2
    assert "1 are missing (a question 0)" in capsys.readouterr().err
    assert run(*short, "--missing", "empty") == 0
    assert run(*short, "--samples", 1) == 2
    capsys.readouterr()
    for option in (("--sweep",), ("--rule", "iop")):
        assert run(*short, *option) == 2
        assert "proposal" in capsys.readouterr().err
