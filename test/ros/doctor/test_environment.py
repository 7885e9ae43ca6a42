# SPDX-License-Identifier: Apache-2.0
"""Shells that have sourced something else, and what becomes of rclpy in them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from llmseg_core.doctor.checkup import Question
from llmseg_core.doctor.finding import State
from llmseg_ros.doctor import checks
from llmseg_ros.doctor.checks import check_ros
from llmseg_ros.doctor.environment import check_environment

PREFIX = Path(sys.prefix)


@pytest.fixture
def sourced(tmp_path: Path) -> Path:
    """A distribution for another Python, as /opt/ros/DISTRO."""
    package = tmp_path / "jazzy" / "lib" / "python3.99" / "site-packages" / "rclpy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import rclpy.made_for_another_python\n")
    (package / "_rclpy_pybind11.cpython-399-x86_64-linux-gnu.so").touch()
    (tmp_path / "jazzy" / "share" / "rclpy").mkdir(parents=True)
    return tmp_path / "jazzy"


def test_this_environment_is_good(tmp_path: Path) -> None:
    assert list(check_environment({}, PREFIX)) == []
    # what the wheels themselves set, and what has nothing to do with ROS
    (tmp_path / "share" / "my_package").mkdir(parents=True)
    own = {"AMENT_PREFIX_PATH": str(tmp_path)}  # a workspace
    assert list(check_environment(own, PREFIX)) == []
    own = {"LD_LIBRARY_PATH": f"{PREFIX}/lib:/usr/lib", "PYTHONPATH": f"{Path.cwd()}:"}
    assert list(check_environment(own, PREFIX)) == []


def test_a_sourced_distribution_beside_the_wheels(sourced: Path) -> None:
    variables = {
        "PYTHONPATH": str(sourced / "lib" / "python3.99" / "site-packages"),
        "AMENT_PREFIX_PATH": str(sourced),
    }
    (said,) = check_environment(variables, PREFIX)
    assert said.state is State.WRONG
    assert str(sourced) in said.text
    assert said.remedy.startswith("unset PYTHONPATH AMENT_PREFIX_PATH ")


def test_rclpy_for_another_python(
    sourced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(sourced / "lib" / "python3.99" / "site-packages"))
    (said,) = check_environment({}, tmp_path)
    assert said.state is State.WRONG
    assert f"is built for Python 3.99, this is 3.{sys.version_info[1]}" in said.text


def test_no_ros_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    (said,) = check_environment({}, tmp_path)
    assert said.state is State.NOTE
    assert "the node cannot be started" in said.text


@pytest.mark.parametrize(
    ("variable", "value", "text", "remedy"),
    [
        ("RMW_IMPLEMENTATION", "rmw_nowhere_cpp", "rclpy cannot be started: ", "unset RMW"),
        ("ROS_DOMAIN_ID", "many", "rclpy cannot be started: ", "export ROS_DOMAIN_ID=0"),
    ],
)
def test_a_process_that_cannot_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, text: str, remedy: str
) -> None:
    monkeypatch.setitem(os.environ, variable, value)
    (said,) = check_ros(Question())
    assert said.state is State.WRONG
    assert text in said.text
    assert remedy in said.remedy


def test_rclpy_that_crashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does where libraries of two installations are mixed."""
    (tmp_path / "rclpy").mkdir()
    (tmp_path / "rclpy" / "__init__.py").write_text("import os\nos.abort()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(checks, "check_environment", lambda: [])
    (said,) = check_ros(Question())
    assert said.state is State.WRONG
    assert said.text.startswith("rclpy crashed (signal 6)")
