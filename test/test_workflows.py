# SPDX-License-Identifier: Apache-2.0
"""What runs elsewhere, in GitHub's continuous integration and in Docker, fits the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DOCKERFILES = sorted((ROOT / "docker").glob("Dockerfile*"))
PIP_KEYS = {"python3-rosbags-pip", "python3-torch", "python3-transformers-pip"}


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_commands_exist(path: Path) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for job in jobs(path).values():
        assert "continue-on-error" not in job
        for step in job["steps"]:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step.get("uses", f"a@{40 * '0'}"))
            command = step.get("run", "").split()
            assert command == [] or (ROOT / command[0]).is_file() or command[1] in targets


def test_every_named_distribution_is_tested_as_installed() -> None:
    matrix = jobs(ROOT / ".github/workflows/ci.yml")["distribution"]["strategy"]["matrix"]
    table = (ROOT / "docs" / "install.md").read_text().split("| distribution |")[1].split("\n\n")[0]
    named = re.findall(r"^\| ([A-Z]\w+)", table, re.MULTILINE)
    assert sorted(map(str.lower, named)) == sorted(matrix["ROS_DISTRO"])


@pytest.mark.parametrize(
    "path",
    [ROOT / "README.md", *WORKFLOWS, *DOCKERFILES],
    ids=lambda path: path.name,
)
def test_rosdep_leaves_to_pip_what_pip_brings(path: Path) -> None:
    manifest = ElementTree.parse(ROOT / "package.xml").getroot()
    assert {name.text for name in manifest.iter("exec_depend")} >= PIP_KEYS
    skipped = re.findall(r'(?:--skip-keys "|ROSDEP_SKIP_KEYS: )([\w -]+)', path.read_text())
    assert [set(keys.split()) for keys in skipped] == [PIP_KEYS]


@pytest.mark.parametrize("path", [*WORKFLOWS, *DOCKERFILES], ids=lambda path: path.name)
def test_cmake_options_exist(path: Path) -> None:
    options = re.findall(r"^option\((\w+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
    used = re.findall(r"-D(LLMSEG_\w+)=", path.read_text())
    assert set(used) <= set(options)


@pytest.mark.parametrize("path", [*WORKFLOWS, *DOCKERFILES], ids=lambda path: path.name)
def test_what_nobody_has_run_is_called_so(path: Path) -> None:
    head = " ".join(path.read_text().splitlines()[:4])
    assert "not run there yet" in head or "nobody has built or run it yet" in head


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_files_that_an_image_copies_exist(path: Path) -> None:
    for source in re.findall(r"^COPY (\S+) ", path.read_text(), re.MULTILINE):
        assert (ROOT / source).exists()
    entry = re.search(r'^ENTRYPOINT \["/llmseg/src/llmseg/(.+)"\]', path.read_text(), re.MULTILINE)
    assert entry is not None
    assert (ROOT / entry[1]).stat().st_mode & 0o111
