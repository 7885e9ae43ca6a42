# SPDX-License-Identifier: Apache-2.0
"""What the README tells people to type is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmseg_core.cli import main as cli
from llmseg_core.config import SelectionConfig
from llmseg_ros.camera.camera_node import DESCRIPTIONS
from llmseg_ros.node.parameters import NODE_PARAMETERS, selection_parameters

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "training" / "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_exist(page: Path) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]+)", page.read_text(encoding="utf-8"), re.M))
    assert named <= set(targets)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_linked_and_named_files_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
    named = re.findall(
        r"`((?:llmseg_core|llmseg_ros|training|test|tools|config)/[\w/]*(?:\.\w+|/))`", text
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_llmseg_subcommands_exist(capsys: pytest.CaptureFixture[str]) -> None:
    lines = re.findall(r"bin/llmseg (\w+)", README)
    assert {"segment", "benchmark"} <= set(lines)
    for name in set(lines):
        with pytest.raises(SystemExit) as ended:
            cli.main([name, "--help"])
        assert ended.value.code == 0
        options = set(re.findall(r"(--[\w-]+)", capsys.readouterr().out))
        used = {
            option
            for line in README.splitlines()
            if f"bin/llmseg {name}" in line
            for option in re.findall(r"(--[\w-]+)", line)
        }
        if name == "segment":
            assert used <= options


def test_launch_files_and_their_arguments_exist() -> None:
    for name in re.findall(r"ros2 launch llmseg_ros (\S+?\.launch\.py)", README):
        source = (ROOT / "launch" / name).read_text(encoding="utf-8")
        line = next(line for line in README.splitlines() if f"llmseg_ros {name}" in line)
        assert all(f'"{argument}"' in source for argument in re.findall(r"(\w+):=", line))


def test_parameter_table_is_complete() -> None:
    section = README.split("### The node `llmseg`")[1].split("### The node `llmseg_camera`")[0]
    documented = re.findall(r"^\| `(\w+)` \| (?:`([^`]+)`|the model's) \|", section, re.M)
    table = (*NODE_PARAMETERS, *selection_parameters(SelectionConfig()))
    assert [name for name, _ in documented] == [spec.name for spec in table]
    for spec, (_, default) in zip(NODE_PARAMETERS, documented, strict=False):
        assert default == str(spec.default).lower()
    camera = README.split("### The node `llmseg_camera`")[1].split("## ")[0]
    assert set(DESCRIPTIONS) <= set(re.findall(r"`(\w+)`", camera))


def test_tree_names_every_package() -> None:
    tree = README.split("## Where things are")[1]
    folders = "llmseg_core llmseg_ros training launch config rviz msg srv test tools scripts"
    assert [name for name in folders.split() if f"`{name}/`" not in tree] == []
