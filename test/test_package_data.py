# SPDX-License-Identifier: Apache-2.0
"""What lies beside the code and is read at run time is installed, by pip and by colcon."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"llmseg_core": "llmseg_core", "llmseg_ros": "llmseg_ros", "llmseg_training": "training"}
NOT_READ = {"README.md", "setup.cfg"}


def data_files(package: str) -> Iterator[Path]:
    """Files of a package that are no code, relative to its folder."""
    folder = ROOT / FOLDERS[package]
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        hidden = any(part.startswith((".", "__pycache__")) for part in place.parts)
        is_data = path.suffix not in (".py", ".pyc") and path.name not in NOT_READ
        if path.is_file() and is_data and not hidden:
            yield place


def package_data() -> dict[str, list[str]]:
    """The patterns in setup.py."""
    for node in ast.walk(ast.parse((ROOT / "setup.py").read_text())):
        if isinstance(node, ast.keyword) and node.arg == "package_data":
            return ast.literal_eval(node.value)
    raise AssertionError("setup.py has no package_data")


def test_pip_installs_data_files() -> None:
    patterns = package_data()
    for package in FOLDERS:
        found = list(data_files(package))
        assert found
        folder = ROOT / FOLDERS[package]
        shipped = {path for pattern in patterns[package] for path in folder.glob(pattern)}
        for place in found:
            assert folder / place in shipped, f"{FOLDERS[package]}/{place} is not in setup.py"


def test_colcon_installs_data_files_of_the_node() -> None:
    """It takes folders whole, and links every file, where nothing but EXCLUDE is said."""
    cmake = (ROOT / "CMakeLists.txt").read_text()
    install = re.search(r"install\(DIRECTORY llmseg_ros/(.*?)\)", cmake, re.DOTALL)
    assert install is not None
    patterns = re.findall(r'PATTERN "([^"]+)"', install[1])
    assert install[1].count("EXCLUDE") == len(patterns)
    assert "FILES_MATCHING" not in install[1]
    for place in data_files("llmseg_ros"):
        assert not any(fnmatch(part, one) for part in place.parts for one in patterns), place
