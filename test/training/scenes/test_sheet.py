# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from llmseg_training.scenes import SceneConfig, contact_sheet, render_scene


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
