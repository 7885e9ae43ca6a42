# SPDX-License-Identifier: Apache-2.0
"""The script that builds the messages into a virtual environment."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "tools" / "build_interfaces.py"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_interfaces", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_headers_of_another_machine_are_replaced(script: ModuleType, tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    built_on = f"/opt/python/cp{version.replace('.', '')}-cp{version.replace('.', '')}"
    foreign = (
        f'INCLUDES "{built_on}/include/python{version};'
        f'{built_on}/lib/python{version}/site-packages/numpy/_core/include"\n'
    )
    exported = tmp_path / "some_msgs" / "cmake" / "export.cmake"
    exported.parent.mkdir(parents=True)
    exported.write_text(foreign)
    (tmp_path / "other.cmake").write_text("unchanged\n")

    script.relocate_cmake_files(tmp_path)
    expected = f'INCLUDES "{sysconfig.get_path("include")};{np.get_include()}"\n'
    assert exported.read_text() == expected
    assert (tmp_path / "other.cmake").read_text() == "unchanged\n"
    script.relocate_cmake_files(tmp_path)
    assert exported.read_text() == expected


def test_fingerprint_follows_the_interfaces(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["CMakeLists.txt", "package.xml", "msg/A.msg", "srv/B.srv", "action/C.action"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(script, "SOURCE", tmp_path)
    seen = {script.interfaces_fingerprint()}
    assert {script.interfaces_fingerprint()} == seen
    for name in (*names, "msg/New.msg"):
        (tmp_path / name).write_text("changed")
        seen.add(script.interfaces_fingerprint())
    assert len(seen) == 7


def test_does_nothing_where_the_interfaces_are_built() -> None:
    for _ in range(2):  # the first call may have something to do
        result = subprocess.run(
            [sys.executable, SCRIPT], capture_output=True, text=True, check=True
        )
    assert result.stdout + result.stderr == ""
