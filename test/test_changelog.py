# SPDX-License-Identifier: Apache-2.0
"""CHANGELOG.rst is what ROS's release tools read, and its newest version is the package's."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from catkin_pkg.changelog import get_changelog_from_path

ROOT = Path(__file__).resolve().parents[1]
CHANGELOG = ROOT / "CHANGELOG.rst"
MANIFEST = ElementTree.parse(ROOT / "package.xml").getroot()


@pytest.mark.filterwarnings("ignore:nodes.Node.traverse:DeprecationWarning")
def test_release_tools_read_the_versions(capfd: pytest.CaptureFixture[str]) -> None:
    changelog = get_changelog_from_path(str(CHANGELOG), MANIFEST.findtext("name"))
    version, date, content = next(changelog.foreach_version())
    assert version == MANIFEST.findtext("version")
    assert date.year >= 2026
    (bullets,) = content
    assert len(list(bullets)) > 5
    assert capfd.readouterr().err == ""  # docutils tells of bad markup there


def test_the_headings_are_those_of_ros() -> None:
    lines = CHANGELOG.read_text(encoding="utf-8").splitlines()
    assert lines[1] == f"Changelog for package {MANIFEST.findtext('name')}"
    assert lines[0] == lines[2] == "^" * len(lines[1])
    headings = [title for title, rule in pairwise(lines) if set(rule) == {"-"}]
    assert headings[0] == "Forthcoming" or headings[0].startswith(str(MANIFEST.findtext("version")))
