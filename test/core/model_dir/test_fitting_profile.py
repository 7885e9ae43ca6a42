# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from llmseg_core.model_dir.fitting_profile import profile_for, real_camera_hint
from llmseg_core.model_dir.profiles import load_profiles
from llmseg_core.runtime.gpu_memory import GB, GpuMemory


def gpu(total_gb: float) -> GpuMemory:
    return GpuMemory("RTX Test", 0, int(total_gb * GB))


@pytest.mark.parametrize(
    ("memories", "name"),
    [((), "cpu"), ((6,), "two-stage"), ((8,), "grounding-small"), ((4, 24), "grounding")],
)
def test_the_largest_that_fits(memories: tuple[float, ...], name: str) -> None:
    assert profile_for([gpu(each) for each in memories]) == name


def test_the_hint_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    profile = load_profiles()["grounding-small"]
    said = real_camera_hint([gpu(8)], "ros2 run llmseg_ros llmseg")
    assert "made for RTX Test with 8 GB: grounding-small (" in said
    size = f"{profile.download_gb:.1f} GB, apache-2.0"
    assert f"ros2 run llmseg_ros llmseg get grounding-small downloads it ({size})" in said
    assert "made for a CPU: " in real_camera_hint([])
    folder = tmp_path / ".local/share/llmseg/grounding-small"
    folder.mkdir(parents=True)
    (folder / "llmseg.yaml").touch()
    assert real_camera_hint([gpu(8)]).endswith("which is here: use model grounding-small")
