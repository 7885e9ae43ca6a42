# SPDX-License-Identifier: Apache-2.0
"""The package's manifest says all that rosdep, colcon and people need to know, once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = ElementTree.parse(ROOT / "package.xml").getroot()
OPTIONAL = {"bondpy", "cv_bridge", "rviz2"}


def named(*tags: str) -> list[str]:
    return [element.text or "" for tag in tags for element in MANIFEST.iter(tag)]


def test_it_is_valid() -> None:
    catkin_pkg = pytest.importorskip("catkin_pkg.package", reason="comes with colcon")
    warnings: list[str] = []
    package = catkin_pkg.parse_package(ROOT / "package.xml", warnings=warnings)
    assert warnings == []
    assert (
        package.version
        == re.search(r'^    version="([^"]+)"', (ROOT / "setup.py").read_text(), re.MULTILINE)[1]
    )


def test_who_and_where() -> None:
    for tag in ("maintainer", "author", "license", "url", "description"):
        assert all(text.strip() for text in named(tag)), tag
        assert named(tag), tag
    assert (ROOT / MANIFEST.find("license").attrib["file"]).is_file()


def test_no_dependency_is_named_twice() -> None:
    depends = Counter(named("depend", "exec_depend"))
    assert [name for name, count in depends.items() if count > 1] == []


def test_what_is_optional_is_required_nowhere() -> None:
    assert OPTIONAL & set(named("depend", "exec_depend", "test_depend")) == set()


def test_cmake_finds_what_is_declared() -> None:
    cmake = "".join(
        path.read_text() for path in (ROOT / "CMakeLists.txt", *(ROOT / "cmake").glob("*.cmake"))
    )
    found = set(re.findall(r"find_package\((\w+) REQUIRED\)", cmake))
    assert found <= set(named("buildtool_depend", "depend", "test_depend"))
