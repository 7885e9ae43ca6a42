# SPDX-License-Identifier: Apache-2.0
"""`make colcon`: builds the package as on a ROS 2 distribution, and tries what was installed.

A copy of the sources is the workspace `build/colcon`; colcon has a virtual environment of its own
there, and the ROS 2 of the project's environment is the distribution. The package is built twice,
plainly and with --symlink-install; `colcon test` runs a few of the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from xml.etree import ElementTree

SOURCE = Path(__file__).resolve().parent.parent
PREFIX = Path(sys.prefix)
WORKSPACE = SOURCE / "build" / "colcon"
REQUIREMENTS = SOURCE / "requirements-colcon.txt"
LEFT_OUT = shutil.ignore_patterns(
    ".*", "build", "install", "log", "demo_output", "*.egg-info", "__pycache__"
)
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
SHARED = ("LICENSE", "launch/*.py", "config/*.yaml", "rviz/*.rviz", "sros2/*.xml")
QUICK_TESTS = "ros_(messages|parameter_table)$"
"""which tests of cmake/tests.cmake `colcon test` runs"""

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

    def run(*arguments: str) -> int:
        command = [str(colcon), *arguments]
        return subprocess.run(command, cwd=WORKSPACE, env=environment).returncode

    build = ["build", "--base-paths", "src", "--build-base", "build", "--install-base", "install"]
    linked = ["build", "--base-paths", "src", "--symlink-install"]
    linked += ["--build-base", "build_linked", "--install-base", "install_linked"]
    cmake = ["--cmake-args", f"-DPython3_EXECUTABLE={PREFIX / 'bin' / 'python'}"]
    return (
        run(*build, *cmake, "-DBUILD_TESTING=ON")
        or _try(WORKSPACE / "install" / "llmseg_ros", environment)
        or run("test", "--base-paths", "src", "--ctest-args", "--tests-regex", QUICK_TESTS)
        or run("test-result", "--test-result-base", "build", "--verbose")
        or _count_tests()
        or run(*linked, *cmake, "-DBUILD_TESTING=OFF")
        or _try_links(WORKSPACE / "install_linked" / "llmseg_ros")
    )


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
    path = installed / "lib" / PYTHON / "site-packages"
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
    share = installed / "share" / "llmseg_ros"
    missing = [str(share / name) for name in SHARED if not any(share.glob(name))]
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


def _count_tests() -> int:
    """Looks whether `colcon test` ran what it was to run."""
    results = list((WORKSPACE / "build" / "llmseg_ros" / "test_results").rglob("*.xunit.xml"))
    tests = sum(len(ElementTree.parse(result).findall(".//testcase")) for result in results)
    print(f"colcon test: {tests} tests", flush=True)
    return 0 if len(results) == 2 and tests > 100 else 1


def _try_links(installed: Path) -> int:
    """Looks whether an edit of a source takes effect without another build."""
    site_packages = installed / "lib" / PYTHON / "site-packages"
    source = WORKSPACE / "src" / "llmseg"
    linked = [
        (site_packages / place / name, source / folder / name)
        for place, folder, name in (
            ("llmseg_core", "llmseg_core", "types.py"),
            ("llmseg_ros", "llmseg_ros", "__init__.py"),
            ("llmseg_ros", "llmseg_ros", "node/segmentation_node.py"),
            ("llmseg_training", "training", "__init__.py"),
        )
    ] + [(installed / "share" / "llmseg_ros" / "launch", source / "launch")]
    for link, file in linked:
        one = next(link.iterdir()) if link.is_dir() else link
        if one.resolve().parent not in (file, file.parent):
            print(f"{one} does not link to {file}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
