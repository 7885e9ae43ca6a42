# SPDX-License-Identifier: Apache-2.0
"""What the shell says, before rclpy is imported: whose ROS is meant, and for which Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from importlib.machinery import PathFinder
from pathlib import Path

from llmseg_core.doctor.finding import Finding, State

__all__ = ["check_environment"]

VARIABLES = ("PYTHONPATH", "AMENT_PREFIX_PATH", "LD_LIBRARY_PATH")
"""by which a sourced distribution comes before what is installed in a virtual environment"""
DISTRIBUTIONS = Path("/opt/ros")


def check_environment(
    variables: Mapping[str, str] = os.environ, prefix: Path = Path(sys.prefix)
) -> Iterator[Finding]:
    """Whether shell, virtual environment and Python fit each other.

    Args:
        variables: of the environment.
        prefix: of the Python that runs.
    """
    own = _packages(prefix) / "rclpy"
    foreign = {name: _foreign(variables.get(name, ""), prefix) for name in VARIABLES}
    foreign = {name: places for name, places in foreign.items() if places}
    if own.is_dir() and foreign:
        places = ", ".join(dict.fromkeys(path for paths in foreign.values() for path in paths))
        yield Finding(
            "environment", State.WRONG, f"the shell has sourced another ROS ({places}), which wins "
            f"over the one in {prefix}: rclpy will crash or be the wrong one",
            f"unset {' '.join(foreign)}  (or open a shell that has not sourced it)",
            {name: list(paths) for name, paths in foreign.items()},
        )  # fmt: skip
        return
    spec = PathFinder.find_spec("rclpy")
    if spec is None:
        known = sorted(path.name for path in DISTRIBUTIONS.glob("*") if path.is_dir())
        remedy = f"source {DISTRIBUTIONS}/{known[-1]}/setup.bash" if known else "make setup"
        text = "no ROS 2: llmseg works on files and in Python, the node cannot be started"
        yield Finding("environment", State.NOTE, text, remedy)
        return
    yield from _python(Path(str(spec.origin)).parent)


def _python(package: Path) -> Iterator[Finding]:
    """Whether rclpy was built for the Python that runs."""
    built = {
        name.split("cpython-")[1].split("-")[0]
        for name in (path.name for path in package.glob("_rclpy_pybind11.cpython-*"))
    }
    mine = f"{sys.version_info[0]}{sys.version_info[1]}"
    if built and mine not in built:
        for_python = ", ".join(f"{each[0]}.{each[1:]}" for each in sorted(built))
        yield Finding(
            "environment", State.WRONG, f"rclpy in {package} is built for Python {for_python}, "
            f"this is {mine[0]}.{mine[1:]}",
            f"python{for_python.split(', ')[0]} -m venv --system-site-packages venv  "
            "(and install into it)",
        )  # fmt: skip


def _packages(prefix: Path) -> Path:
    return prefix / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def _foreign(paths: str, prefix: Path) -> list[str]:
    """Places in a variable that hold a ROS and lie outside of a prefix."""
    found = []
    for text in paths.split(os.pathsep):
        place = Path(text)
        if text and not place.is_relative_to(prefix) and _holds_ros(place):
            found.append(text)
    return found


def _holds_ros(place: Path) -> bool:
    # a workspace with packages of one's own is none
    marks = ("rclpy", "librcl.so", "share/rclpy")
    return any((place / mark).exists() for mark in marks)
