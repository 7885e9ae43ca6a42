# SPDX-License-Identifier: Apache-2.0
"""What users get wrong when they start a program is one line; `--help` says what is right."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from helpers.pictures import picture, write_image
from helpers.programs import ASK, CAMERA, DEMO, NODE
from llmseg_ros.camera.parameters import CAMERA_PARAMETERS
from llmseg_ros.node.parameters import NODE_PARAMETERS
from llmseg_ros.node.selection_parameters import SELECTION_NAMES

RECORDING = Path(__file__).parents[2] / "llmseg_ros" / "demo" / "recording"
WITHOUT = """
import sys
sys.modules[{missing!r}] = None
from {program} import {name}
{name}.run()
"""


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-r", "nonsense"], "cannot read '-r nonsense': a remapping is FROM:=TO"),
        (["-r", "image:=bad//topic"], "cannot read '-r image:=bad//topic'"),
        (["-p", "rate_hz"], "cannot read '-p rate_hz': a parameter is NAME:=VALUE"),
        (["--params-file", "/nowhere.yaml"], "Error opening YAML file"),
        (["--params-file", "BAD"], "BAD"),
        (["--colour"], "unknown arguments after --ros-args: ['--colour']"),
    ],
)
def test_arguments_for_ros(tmp_path: Path, arguments: list[str], reason: str) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("rate_hz: [unclosed\n")
    write_image(tmp_path / "0.png", picture(0))
    arguments = [argument.replace("BAD", str(bad)) for argument in arguments]
    done = run(*CAMERA, "--ros-args", "-p", f"source:={tmp_path / '0.png'}", *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("llmseg_camera: ")
    assert reason.replace("BAD", str(bad)) in last


def test_every_program_reads_arguments_for_ros_alike() -> None:
    for command, name in ((ASK, "python -m llmseg_ros.demo.ask"), (NODE, "llmseg_node")):
        own = [RECORDING] if command is ASK else []
        done = run(*command, *own, "--ros-args", "-r", "nonsense")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert f"{name}: cannot read '-r nonsense'" in done.stderr


@pytest.mark.parametrize(
    ("command", "arguments", "status", "reason"),
    [
        (CAMERA, ["rate_hz:=4"], 2, "it takes no argument 'rate_hz:=4'"),
        (NODE, ["--model", "embedded"], 2, "it takes no argument '--model'"),
        (ASK, ["/nowhere"], 1, "'/nowhere' has no ground_truth.json"),
        (ASK, [], 2, "the following arguments are required: recording"),
        (DEMO, ["--recording", "/nowhere"], 1, "has no ground_truth.json"),
        (DEMO, ["--timeout", "soon"], 2, "invalid float value: 'soon'"),
    ],
)
def test_own_arguments(
    tmp_path: Path, command: list[str], arguments: list[str], status: int, reason: str
) -> None:
    output = ["--output", str(tmp_path)] if command is DEMO else []
    done = run(*command, *output, *arguments)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert reason in " ".join((done.stdout + done.stderr).split())


BY_PIP = "build it with colcon build --cmake-args -DLLMSEG_VENV=ON, or pip install -r"


@pytest.mark.parametrize(
    ("missing", "program", "name", "remedy"),
    [
        ("torch", "llmseg_ros.node.__main__", "NODE", BY_PIP),
        ("rclpy", "llmseg_ros.node.__main__", "NODE", "source a ROS 2 distribution"),
        ("llmseg_ros.msg", "llmseg_ros.demo.ask", "ASK", "source a ROS 2 distribution"),
        ("cv2", "llmseg_ros.camera.__main__", "CAMERA", BY_PIP),
        ("rich", "llmseg_ros.demo.__main__", "DEMO", BY_PIP),
    ],
)
def test_missing_packages(missing: str, program: str, name: str, remedy: str) -> None:
    done = run(NODE[0], "-c", WITHOUT.format(missing=missing, program=program, name=name))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"it needs {missing}: {remedy}" in line


def test_help_of_the_nodes() -> None:
    names = [*(spec.name for spec in NODE_PARAMETERS), *SELECTION_NAMES]
    for command, known in (
        (NODE, [*names, "image (in)", "~/instruction", "~/segment (service)", "/diagnostics"]),
        (CAMERA, [*(spec.name for spec in CAMERA_PARAMETERS), "image (out)", "camera_info"]),
    ):
        done = run(*command, "--help")
        assert done.returncode == 0
        assert done.stderr == ""
        assert [name for name in known if f"  {name}" not in done.stdout] == []
        assert max(map(len, done.stdout.splitlines())) <= 110
    assert run(*CAMERA, "-h").stdout == done.stdout


def test_help_of_the_demonstration() -> None:
    assert "--recording" in run(*DEMO, "--help").stdout
    assert "recording with ground truth" in run(*ASK, "--help").stdout
