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
    "image": "Best Effort",
    "llmseg/overlay": "Reliable",
    "llmseg/mask": "Reliable",
}


def keyword_strings(tree: ast.AST, keyword: str) -> set[str]:
    """The literal strings that any call gets for a keyword."""
    return {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == keyword
        if isinstance(node.value, ast.Constant)
    }


def argument_names(tree: ast.Module) -> set[str]:
    """The keys of the table ARGUMENTS, and each name that DeclareLaunchArgument is given."""
    tables = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ARGUMENTS"
    ]
    calls = [
        node.args[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "DeclareLaunchArgument"
    ]
    names = [key for table in tables if isinstance(table, ast.Dict) for key in table.keys]
    return {node.value for node in [*names, *calls] if isinstance(node, ast.Constant)}


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_launch_files_start_what_is_installed(path: Path) -> None:
    tree = ast.parse(path.read_text())
    compile(tree, str(path), "exec")
    scripts = {script.name for script in (ROOT / "scripts").iterdir()}
    others = {"rviz2", "republish"}
    assert keyword_strings(tree, "executable") - others <= scripts
    assert keyword_strings(tree, "package") <= {"llmseg_ros", "rviz2", "image_transport"}


def test_launch_arguments() -> None:
    arguments = {path.name: argument_names(ast.parse(path.read_text())) for path in LAUNCH_FILES}
    assert arguments == {
        "llmseg.launch.py": {
            "namespace", "model", "device", "dtype", "image_topic", "image_transport",
            "params_file", "use_sim_time", "respawn", "log_level", "rviz", "cameras", "following",
            "depth_topic", "camera_info_topic", "target_frame", "max_rate_hz", "always_on",
            "web_port", "rerun",
        },
        "demo.launch.py": {"rviz"},
    }  # fmt: skip
    page = (ROOT / "docs" / "node.md").read_text()
    for name in arguments["llmseg.launch.py"]:
        assert f"`{name}`" in page


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_the_environment_is_that_of_our_nodes_alone(path: Path) -> None:
    """What is set for all stays in force for whatever else a user launches."""
    tree = ast.parse(path.read_text())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"SetEnvironmentVariable", "AppendEnvironmentVariable"}
    assert "large_message_environment" in names


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_launch_files_load(path: Path) -> None:
    pytest.importorskip("launch_ros", reason="comes with ROS distributions")
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    assert get_launch_description_from_python_launch_file(str(path)).entities


@pytest.mark.parametrize(
    ("file", "arguments", "error"),
    [
        ("llmseg.launch.py", {}, ""),
        ("llmseg.launch.py", {"params_file": "low_rate", "namespace": "robot"}, ""),
        ("llmseg.launch.py", {"cameras": "front=/a,wrist", "image_transport": "compressed"}, ""),
        ("llmseg.launch.py", {"following": "off", "max_rate_hz": "2", "always_on": "true"}, ""),
        ("llmseg.launch.py", {"web_port": "8766", "rerun": "log.rrd"}, ""),
        ("llmseg.launch.py", {"cameras": "a,a"}, "each name once"),
        ("llmseg.launch.py", {"max_rate_hz": "two"}, "max_rate_hz is 'two'"),
        ("llmseg.launch.py", {"params_file": "nowhere.yaml"}, "params_file is 'nowhere.yaml'"),
        ("llmseg.launch.py", {"rviz": "perhaps"}, "rviz is 'perhaps'"),
        ("llmseg.launch.py", {"use_sim_time": "2"}, "use_sim_time is '2'"),
    ],
)
def test_what_is_started(file: str, arguments: dict[str, str], error: str) -> None:
    pytest.importorskip("launch_ros", reason="comes with ROS distributions")
    ament_index_python = pytest.importorskip("ament_index_python.packages")
    try:
        ament_index_python.get_package_share_directory("llmseg_ros")
    except ament_index_python.PackageNotFoundError:
        pytest.skip("the package is not installed by colcon")
    from launch import LaunchContext
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    description = get_launch_description_from_python_launch_file(str(ROOT / "launch" / file))
    context = LaunchContext(argv=[])
    context.launch_configurations.update(arguments)
    *declared, started = description.entities
    for argument in declared:
        argument.execute(context)
    if error:
        with pytest.raises((ValueError, OSError), match=error):
            started.execute(context)
    else:
        (node,) = started.execute(context)
        assert node.additional_env is not None


def test_rviz_shows_image_overlay_and_mask() -> None:
    displays = yaml.safe_load((ROOT / "rviz" / "llmseg.rviz").read_text())["Visualization Manager"]
    shown = {
        display["Topic"]["Value"]: display["Topic"]["Reliability Policy"]
        for display in displays["Displays"]
    }
    in_space = {"llmseg/points": "Reliable", "llmseg/markers": "Reliable"}
    assert shown == TOPICS | in_space  # relative, so that they are found in any namespace


def test_rviz_puts_the_images_side_by_side() -> None:
    """Qt's state names its docks in UTF-16: the images are the last three, in one row."""
    configuration = yaml.safe_load((ROOT / "rviz" / "llmseg.rviz").read_text())
    displays = configuration["Visualization Manager"]["Displays"]
    names = [one["Name"] for one in displays if one["Class"].endswith("/Image")]
    state = bytes.fromhex(configuration["Window Geometry"]["QMainWindow State"])
    places = [state.index(name.encode("utf-16-be")) for name in ("Displays", *names)]
    assert places == sorted(places)
    row = state.rindex(b"\xfc", 0, places[1])  # a group of docks: its direction, then how many
    assert state[row + 1 : row + 6] == b"\x01\x00\x00\x00\x03"
