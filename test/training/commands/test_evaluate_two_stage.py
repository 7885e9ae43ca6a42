# SPDX-License-Identifier: Apache-2.0
"""`llmseg evaluate` with methods other than LLM-Seg, of tiny random networks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from helpers.small_data import write_small_data
from helpers.tiny_two_stage import save_tiny_two_stage
from llmseg_core.cli.main import run_command
from llmseg_training.commands.evaluate import EVALUATE


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """VLM, detector and SAM; they may not be changed."""
    return save_tiny_two_stage(tmp_path_factory.mktemp("two_stage"))


def test_the_papers_baseline_is_evaluated_like_a_model(
    folders: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tmp_path / "small", tmp_path / "out"
    write_small_data(data)
    arguments = ["--method", "two-stage", "--data", data, "--out", out, "--resamples", 20]
    for name, folder in zip(("vlm", "detector", "sam"), folders, strict=True):
        arguments += [f"--{name}", folder]
    call = [str(argument) for argument in arguments]
    assert run_command("evaluate", EVALUATE, [*call, "--beside", "paper-table-1"]) == 0
    assert "two-stage (here)" in capsys.readouterr().out
    report = json.loads((out / "report.json").read_text())
    assert report["scores"]["count"] == 7
    assert report["scores"]["oracle_giou"] is None
    stored = (out / "masks.jsonl").read_bytes()
    assert run_command("evaluate", EVALUATE, call) == 0
    assert (out / "masks.jsonl").read_bytes() == stored
    assert json.loads((out / "report.json").read_text()) == report
    capsys.readouterr()
    assert run_command("evaluate", EVALUATE, [*call, "--box-threshold", "0.9"]) == 2
    assert "masks.jsonl belongs to" in capsys.readouterr().err
    assert run_command("evaluate", EVALUATE, [*call[:4], *call[6:8]]) == 2
    assert "--method two-stage needs" in capsys.readouterr().err
    missing = [*call[:-1], str(tmp_path / "nowhere")]
    assert run_command("evaluate", EVALUATE, missing) == 2
    assert "nowhere does not exist" in capsys.readouterr().err


def test_a_model_directory_of_another_method(
    folders: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its parts lie elsewhere, and other weights are another model."""
    data, out, model = tmp_path / "small", tmp_path / "out", tmp_path / "model"
    write_small_data(data)
    model.mkdir()
    vlm, locator, sam = map(str, folders)
    settings = {"method": "two_stage", "vlm": {"path": vlm, "max_tokens": 8}, "locator": locator,
                "sam": sam}  # fmt: skip
    (model / "llmseg.yaml").write_text(yaml.safe_dump(settings))
    call = ["--model", str(model), "--data", str(data), "--out", str(out), "--resamples", "20"]
    assert run_command("evaluate", EVALUATE, call) == 0
    assert json.loads((out / "report.json").read_text())["scores"]["count"] == 7
    capsys.readouterr()
    assert run_command("evaluate", EVALUATE, [*call, "--rule", "iop"]) == 2
    assert "is a model of the method two_stage" in capsys.readouterr().err
    settings["score_threshold"] = 0.9
    (model / "llmseg.yaml").write_text(yaml.safe_dump(settings))
    assert run_command("evaluate", EVALUATE, call) == 2
    assert "masks.jsonl belongs to" in capsys.readouterr().err
