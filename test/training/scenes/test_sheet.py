# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from llmseg_training.scenes import SceneConfig, contact_sheet, render_scene
from llmseg_training.scenes.__main__ import main


def test_sheet_shows_every_scene_twice_as_large() -> None:
    config = SceneConfig(width=96, height=72, edge_samples=0)
    scenes = [render_scene(seed, config) for seed in range(4)]
    sheet = contact_sheet(scenes, columns=3)
    assert sheet.shape == (2 * 144, 3 * 192, 3)
    assert sheet[144:, :192].std() > 0
    assert not np.any(sheet[144:, 192:])


def test_sheet_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one scene"):
        contact_sheet([])


def test_command_writes_a_sheet(tmp_path: Path) -> None:
    target = tmp_path / "sheet.png"
    command = [sys.executable, "-m", "llmseg_training.scenes", "--split", "val", "--count", "1"]
    subprocess.run([*command, "--sheet", str(target)], check=True, capture_output=True)
    assert target.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "0", "--sheet", "x.png"], "a contact sheet needs at least one scene"),
        (["--count", "1", "--sheet", "x.doc"], "x.doc has no image suffix, it must be one of .png"),
        (
            ["--count", "1", "--sheet", "x.png", "--width", "3"],
            "width is 3, it must be at least",
        ),
        (
            ["--count", "1", "--sheet", "x.png", "--max-objects", "3"],
            "min_objects is 4, it must be at most max_objects = 3",
        ),
        (["--count", "0", "--out", "x"], "count 0 and workers 1 must be at least 1"),
    ],
)
def test_wrong_arguments_are_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--split", "val", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"python -m llmseg_training.scenes: {message}")
    assert error.count("\n") == 1
