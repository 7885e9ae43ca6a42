# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from llmseg_core.cli.working_folder import forget_working_folder


def test_the_working_folder_goes_from_the_front(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for first in (str(tmp_path), ""):
        monkeypatch.setattr(sys, "path", [first, "elsewhere", str(tmp_path)])
        forget_working_folder()
        assert sys.path == ["elsewhere", str(tmp_path)]
    forget_working_folder()
    assert sys.path == ["elsewhere", str(tmp_path)]


def test_it_stays_where_the_package_lies_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).resolve().parents[3]
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", [str(root), "elsewhere"])
    forget_working_folder()
    assert sys.path == [str(root), "elsewhere"]


def test_folders_of_data_do_not_stand_for_packages(tmp_path: Path) -> None:
    """As `accelerate launch -m` and `torchrun -m` start the command where the data lies."""
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("raise SystemExit('this is no package')")
    done = subprocess.run(
        [sys.executable, "-m", "llmseg_core.cli", "segment", "gone.png", "a cup"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "llmseg segment: gone.png does not exist\n")
