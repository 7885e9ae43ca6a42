# SPDX-License-Identifier: Apache-2.0
"""What `llmseg evaluate` says of confidences."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from helpers.small_data import write_small_data
from llmseg_core.cli.main import main
from llmseg_core.config import Calibration, ChanceCurve
from llmseg_training.honesty.calibration_file import write_calibration


def evaluated(*arguments: object) -> dict[str, Any]:
    """Run `llmseg evaluate`, which must succeed, and read its report."""
    assert main(["evaluate", *map(str, arguments)]) == 0
    out = Path(str(arguments[arguments.index("--out") + 1]))
    report: dict[str, Any] = json.loads((out / "report.json").read_text())
    return report


def test_what_chances_are_worth_is_told_where_there_are_any(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "small"
    write_small_data(folder)
    model = shutil.copytree(model_folder, tmp_path / "sure")
    never = Calibration(ChanceCurve(0, 0, -9.0), ChanceCurve(0, 0, 0.0))  # every mask is wrong
    write_calibration(model, never, 0.0)
    same = ("--data", folder, "--out", tmp_path / "out", "--resamples", 20, "--rule", "top_iou")
    plain = evaluated("--model", model_folder, *same, "--fresh")
    assert "reliability" not in plain
    assert "ece" not in plain["scores"]
    assert "calibration error" not in capsys.readouterr().out
    report = evaluated("--model", model, *same, "--fresh")
    found = report["reliability"]
    low, high = found["ece_interval"]
    assert low <= found["ece"] + 1e-9 <= high + 2e-9
    assert found["ece"] == pytest.approx(found["right"], abs=1e-3)
    assert report["scores"]["ece"] == found["ece"]
    printed = capsys.readouterr().out
    assert f"expected calibration error {found['ece']:.3f} [{low:.3f}, {high:.3f}]" in printed
