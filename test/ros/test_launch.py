# SPDX-License-Identifier: Apache-2.0
"""The launch files and the RViz configuration."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LAUNCH_FILES = sorted((ROOT / "launch").glob("*.launch.py"))
TOPICS = {
    "/image": "Best Effort",
    "/llmseg/overlay": "Reliable",
    "/llmseg/mask": "Reliable",
}


def keyword_strings(tree: ast.AST, keyword: str) -> set[str]:
    """The literal strings that any call gets for a keyword."""
    return {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == keyword
        if isinstance(node.value, ast.Constant)
    }


def argument_names(tree: ast.AST) -> set[str]:
    """The first argument of each DeclareLaunchArgument."""
    return {
        ast.literal_eval(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "DeclareLaunchArgument"
    }


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_launch_files_start_what_is_installed(path: Path) -> None:
    tree = ast.parse(path.read_text())
    compile(tree, str(path), "exec")
    scripts = {script.name for script in (ROOT / "scripts").iterdir()}
    assert keyword_strings(tree, "executable") - {"rviz2"} <= scripts
    assert keyword_strings(tree, "package") <= {"llmseg_ros", "rviz2"}


def test_launch_arguments() -> None:
    arguments = {path.name: argument_names(ast.parse(path.read_text())) for path in LAUNCH_FILES}
    assert arguments == {
        "llmseg.launch.py": {"model", "image_topic", "device", "params_file", "rviz"},
        "demo.launch.py": {"model", "device", "rviz"},
    }


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_launch_files_load(path: Path) -> None:
    pytest.importorskip("launch_ros", reason="comes with ROS distributions")
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    assert get_launch_description_from_python_launch_file(str(path)).entities


def test_rviz_shows_image_overlay_and_mask() -> None:
    displays = yaml.safe_load((ROOT / "rviz" / "llmseg.rviz").read_text())["Visualization Manager"]
    shown = {
        display["Topic"]["Value"]: display["Topic"]["Reliability Policy"]
        for display in displays["Displays"]
    }
    assert shown == TOPICS
