# SPDX-License-Identifier: Apache-2.0
"""`make colcon`: builds the package as on a ROS 2 distribution, and tries what was installed.

A copy of the sources is the workspace `build/colcon`; colcon has a virtual environment of its own
there, and the ROS 2 of the project's environment is the distribution.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
PREFIX = Path(sys.prefix)
WORKSPACE = SOURCE / "build" / "colcon"
REQUIREMENTS = SOURCE / "requirements-colcon.txt"
LEFT_OUT = shutil.ignore_patterns(
    ".*", "build", "install", "log", "demo_output", "*.egg-info", "__pycache__"
)

TRIED = """
import llmseg_core, llmseg_ros, llmseg_training
from llmseg_ros.msg import SegmentationResult
from llmseg_ros.srv import Segment
for package in (llmseg_core, llmseg_ros, llmseg_training):
    assert package.__file__.startswith({installed!r}), package.__file__
"""


def main() -> int:
    """Builds and tries; returns the exit status."""
    colcon = _colcon()
    shutil.rmtree(WORKSPACE / "src", ignore_errors=True)
    shutil.copytree(SOURCE, WORKSPACE / "src" / "llmseg", ignore=LEFT_OUT)
    environment = {
        name: value
        for name, value in os.environ.items()
        # The guard of the ROS wheels' start-up hook: without it they find their libraries.
        if name not in ("_ROS_WHEELS_BOOTSTRAP_COMPLETE", "PYTHONPATH")
    } | {
        "AMENT_PREFIX_PATH": str(PREFIX),
        "CMAKE_PREFIX_PATH": str(PREFIX),
        "LD_LIBRARY_PATH": str(PREFIX / "lib"),
        "PATH": os.pathsep.join((str(colcon.parent), str(PREFIX / "bin"), os.environ["PATH"])),
    }
    build = [
        str(colcon), "build", "--base-paths", "src",
        "--cmake-args", f"-DPython3_EXECUTABLE={PREFIX / 'bin' / 'python'}", "-DBUILD_TESTING=OFF",
    ]  # fmt: skip
    status = subprocess.run(build, cwd=WORKSPACE, env=environment).returncode
    return status or _try(WORKSPACE / "install" / "llmseg_ros", environment)


def _colcon() -> Path:
    """The program, installed when its requirements have changed."""
    home = WORKSPACE / "venv"
    stamp = home / REQUIREMENTS.name
    if not stamp.is_file() or stamp.read_text() != REQUIREMENTS.read_text():
        print("installing colcon", flush=True)
        venv.create(home, clear=True, with_pip=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "--requirement", str(REQUIREMENTS)], check=True)
        stamp.write_text(REQUIREMENTS.read_text())
    return home / "bin" / "colcon"


def _try(installed: Path, environment: dict[str, str]) -> int:
    """Imports what was installed, and asks its executables for help."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    path = installed / "lib" / version / "site-packages"
    environment = environment | {"PYTHONPATH": str(path)}
    del environment["LD_LIBRARY_PATH"]  # the wheels set it themselves
    tried = [["-c", TRIED.format(installed=str(installed))]]
    tried += [[str(installed / "lib" / "llmseg_ros" / "llmseg"), "--help"]]
    for arguments in tried:
        command = [str(PREFIX / "bin" / "python"), *arguments]
        status = subprocess.run(command, cwd=installed, env=environment).returncode
        if status != 0:
            print(f"what was installed does not work: {' '.join(command)}", file=sys.stderr)
            return status
    shares = [installed / "share" / "llmseg_ros" / name for name in ("launch", "config", "rviz")]
    missing = [str(share) for share in shares if not any(share.glob("*"))]
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
