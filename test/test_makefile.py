# SPDX-License-Identifier: Apache-2.0
"""What the Makefile hands on to the commands that it runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "/opt/ros/jazzy"
SOURCED = {
    "AMENT_PREFIX_PATH": PREFIX,
    "CMAKE_PREFIX_PATH": PREFIX,
    "COLCON_PREFIX_PATH": PREFIX,
    "LD_LIBRARY_PATH": f"{PREFIX}/lib",
    "PYTHONPATH": f"{PREFIX}/lib/python3.12/site-packages",
    "RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp",
    "ROS_DISTRO": "jazzy",
    "ROS_DISCOVERY_SERVER": "10.0.0.1:11811",
    "ROS_SECURITY_ENABLE": "true",
    "FASTRTPS_DEFAULT_PROFILES_FILE": "profiles.xml",
    "RCUTILS_LOGGING_USE_STDOUT": "1",
    "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1",  # make was started by a process of a ROS wheel
}
"""what `setup.bash` of a distribution, and people beside it, put into the environment"""


@pytest.fixture(scope="module")
def handed_on() -> dict[str, str]:
    """The environment of a recipe when a distribution is sourced in the shell."""
    printed = subprocess.run(
        ["make", "--no-print-directory", "-f", "Makefile", "-f", "-", "shown"],
        input="shown:\n\t@env\n",
        cwd=ROOT,
        env=os.environ | SOURCED | {"ROS_DOMAIN_ID": "7", "HOME": "home"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return dict(line.partition("=")[::2] for line in printed.splitlines())


@pytest.mark.parametrize("name", SOURCED)
def test_nothing_of_a_sourced_distribution_is_handed_on(
    handed_on: dict[str, str], name: str
) -> None:
    assert name not in handed_on


def test_what_a_person_says_is_handed_on(handed_on: dict[str, str]) -> None:
    assert handed_on["ROS_DOMAIN_ID"] == "7"
    assert handed_on["HOME"] == "home"
    assert "PATH" in handed_on
