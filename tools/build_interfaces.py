# SPDX-License-Identifier: Apache-2.0
"""Builds the messages, services and actions into the virtual environment that runs this script.

Needs the ROS 2 wheels of requirements.txt, cmake and a C++ compiler. The Python of the source tree
is not installed: `llmseg_ros` stays what the checkout holds. Does nothing where the environment has
the interfaces of this checkout already, so it may be called before every command.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).resolve().parent.parent
PREFIX = Path(sys.prefix)
PYTHON_DIR = "lib/llmseg_interfaces"
STAMP = PREFIX / PYTHON_DIR / "stamp"
LOG = PREFIX / PYTHON_DIR / "build.log"


def main() -> int:
    """Builds the interfaces unless they are up to date; returns the exit status."""
    if not (PREFIX / "share" / "rosidl_default_generators").is_dir():
        print(f"no ROS 2 wheels in {PREFIX}: run `make setup`", file=sys.stderr)
        return 1
    for tool in ("cmake", "c++"):
        if shutil.which(tool) is None:
            print(f"{tool} not found: install it (apt install cmake g++)", file=sys.stderr)
            return 1

    fingerprint = interfaces_fingerprint()
    if STAMP.is_file() and STAMP.read_text() == fingerprint:
        return 0
    print("building the messages (about 15 s)", flush=True)
    relocate_cmake_files(PREFIX / "share")
    (PREFIX / PYTHON_DIR).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="llmseg_interfaces_") as build_dir:
        status = run_cmake(Path(build_dir))
    if status != 0:
        print(LOG.read_text()[-4000:], file=sys.stderr)
        print(f"building the messages failed, whole log in {LOG}", file=sys.stderr)
        return status
    write_path_file()
    STAMP.write_text(fingerprint)
    return 0


def interfaces_fingerprint() -> str:
    """Digest of what the build depends on: its sources, this checkout and the Python version."""
    digest = hashlib.sha256(f"{SOURCE} {sys.version}".encode())
    sources = [SOURCE / "CMakeLists.txt", SOURCE / "package.xml", Path(__file__)]
    for kind in ("msg", "srv", "action"):
        sources += sorted((SOURCE / kind).glob(f"*.{kind}"))
    for path in sources:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def relocate_cmake_files(share: Path) -> None:
    """Points the wheels' cmake files at this machine's headers.

    They name the Python and NumPy include folders of the machine that built the wheels, which makes
    cmake refuse to generate.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    built_on = f"/opt/python/{tag}-{tag}"
    replacements = {
        f"{built_on}/include/python{version}": sysconfig.get_path("include"),
        f"{built_on}/lib/python{version}/site-packages/numpy/_core/include": np.get_include(),
    }
    for path in share.glob("**/*.cmake"):
        text = path.read_text()
        if built_on in text:
            for foreign, own in replacements.items():
                text = text.replace(foreign, own)
            path.write_text(text)


def run_cmake(build_dir: Path) -> int:
    """Configures, builds and installs; returns the exit status and leaves the output in LOG."""
    environment = os.environ | {
        "AMENT_PREFIX_PATH": str(PREFIX),
        "CMAKE_PREFIX_PATH": str(PREFIX),
        "LD_LIBRARY_PATH": str(PREFIX / "lib"),
        "PATH": f"{PREFIX / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    # The guard of the ROS wheels' start-up hook: without it they find their libraries themselves.
    environment.pop("_ROS_WHEELS_BOOTSTRAP_COMPLETE", None)
    configure = [
        "cmake", "-S", str(SOURCE), "-B", str(build_dir),
        "-DLLMSEG_INTERFACES_ONLY=ON",
        "-DBUILD_TESTING=OFF",
        "-DCMAKE_BUILD_TYPE=Release",
        f"-DCMAKE_INSTALL_PREFIX={PREFIX}",
        f"-DPYTHON_INSTALL_DIR={PYTHON_DIR}",
        f"-DPython3_EXECUTABLE={PREFIX / 'bin' / 'python'}",
    ]  # fmt: skip
    build = ["cmake", "--build", str(build_dir), "--target", "install"]
    build += ["--parallel", str(os.cpu_count() or 1)]
    with LOG.open("w") as log:
        for command in (configure, build):
            status = subprocess.run(command, env=environment, stdout=log, stderr=log).returncode
            if status != 0:
                return status
    return 0


def write_path_file() -> None:
    """Puts the checkout, then the interfaces, on the path of the environment's Python.

    In this order `llmseg_ros` is the checkout's package, which looks for its messages further on.
    """
    path_file = Path(sysconfig.get_path("purelib")) / "llmseg_checkout.pth"
    path_file.write_text(f"{SOURCE}\n{PREFIX / PYTHON_DIR}\n")


if __name__ == "__main__":
    sys.exit(main())
