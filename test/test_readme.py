# SPDX-License-Identifier: Apache-2.0
"""What the pages for people tell them to type, open and read is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmseg_core.cli import main as cli
from llmseg_core.config import SelectionConfig
from llmseg_ros.camera.parameters import CAMERA_PARAMETERS
from llmseg_ros.node.parameters import NODE_PARAMETERS
from llmseg_ros.node.selection_parameters import selection_parameters

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.rst")),
    ROOT / "training" / "README.md",
    ROOT / "llmseg_core" / "embedded" / "README.md",
    ROOT / "docker" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
FOLDERS = [
    "llmseg_core",
    "llmseg_ros",
    "training",
    "launch",
    "config",
    "rviz",
    "msg",
    "srv",
    "test",
    "tools",
    "scripts",
    "docs",
    "cmake",
    "docker",
    "sros2",
    ".ci",
    ".github",
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_exist(page: Path) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    named = re.findall(r"(?:^ *|`)make ([a-z][a-z-]+)", page.read_text(encoding="utf-8"), re.M)
    assert set(named) <= set(targets)


def named_paths(page: Path) -> set[str]:
    """What stands in backticks on a page, or in a command, and is a file or folder of ours.

    That is what begins with one of our folders and has a suffix or ends with "/", and every Python
    file; a name may hold "*".
    """
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"ros2 launch (?!llmseg_ros)\S+ \S+", "", text)  # of other packages
    words = [word for span in re.findall(r"`+([^`\n]+)`+", text) for word in span.split()]
    words += [word for line in re.findall(r"^ {4}(.+)$", text, re.M) for word in line.split()]
    return {
        word
        for word in words
        if re.fullmatch(r"[\w.*/-]+", word)
        and (
            re.fullmatch(rf"({'|'.join(FOLDERS)})/(.*/)?(\S*\.\w+)?", word) or word.endswith(".py")
        )
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_linked_and_named_files_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
    here = [ROOT, page.parent, ROOT / "launch"]
    assert [
        name for name in named_paths(page) if not any(any(top.glob(name)) for top in here)
    ] == []


def test_paths_are_found_on_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`llmseg_ros/node/` and `docs/x.md`, `build/best`, `data/a.py`; `test/train`, `make it`;\n"
        "`training/scenes/shapes_*.py`, `llmseg_ros/Segment`, ``config/a.yaml``\n\n"
        "    accelerate launch --config_file training/configs/two_gpus.yaml -m module\n"
    )
    assert named_paths(page) == {
        "llmseg_ros/node/",
        "docs/x.md",
        "data/a.py",
        "training/scenes/shapes_*.py",
        "config/a.yaml",
        "training/configs/two_gpus.yaml",
    }


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
    page = (ROOT / "docs" / "node.md").read_text(encoding="utf-8")
    section, camera = page.split("## The node `llmseg_camera`")
    documented = re.findall(r"^\| `(\w+)` \| (?:`([^`]+)` |the model's |)\|", section, re.M)
    table = (*NODE_PARAMETERS, *selection_parameters(SelectionConfig()))
    assert [name for name, _ in documented] == [spec.name for spec in table]
    for spec, (_, default) in zip(NODE_PARAMETERS, documented, strict=False):
        assert default == str(spec.default).lower()
    camera = camera.split("## ")[0]
    assert {spec.name for spec in CAMERA_PARAMETERS} <= set(re.findall(r"`(\w+)`", camera))


def test_tree_names_every_package() -> None:
    tree = README.split("## Where things are")[1]
    shown = [name for name in FOLDERS if not name.startswith(".")]
    assert [name for name in shown if f"`{name}/`" not in tree] == []
