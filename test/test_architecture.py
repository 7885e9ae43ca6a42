# SPDX-License-Identifier: Apache-2.0
"""What holds for all of the source tree: import directions, file sizes, declared requirements."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"llmseg_core": "llmseg_core", "llmseg_ros": "llmseg_ros", "training": "llmseg_training"}
MAX_LINES = 400

NAMED_OTHERWISE = {"rerun": "rerun-sdk"}
"""distributions of modules that may be missing"""

# Each package: what it may not import. Imports go llmseg_ros -> llmseg_core <- llmseg_training.
FORBIDDEN = {
    "llmseg_core": ("rclpy", "sensor_msgs", "std_msgs", "rosbags", "llmseg_ros", "llmseg_training"),
    "training": ("rclpy", "llmseg_ros"),
    "llmseg_ros": ("llmseg_training",),
}

# Packages that ROS distributions bring and that PyPI has under other names or not at all.
ROS_MODULES = {
    "ament_index_python", "bond", "bondpy", "builtin_interfaces", "cv_bridge", "diagnostic_msgs",
    "foxglove_msgs", "geometry_msgs", "launch", "launch_ros", "lifecycle_msgs", "rcl_interfaces",
    "rclpy", "sensor_msgs", "std_msgs", "std_srvs", "tf2_ros", "vision_msgs", "visualization_msgs",
}  # fmt: skip
OPTIONAL_ROS_MODULES = {
    "bond",
    "bondpy",
    "cv_bridge",
    "foxglove_msgs",
    "tf2_ros",
    "vision_msgs",
}


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """A file's syntax tree, which nobody changes."""
    return ast.parse(path.read_text())


def text_files() -> Iterator[Path]:
    """Every file of the project that people read or machines run."""
    names = ["Makefile", "CMakeLists.txt", "package.xml", "setup.py", "pyproject.toml", ".ci/run"]
    yield from (ROOT / name for name in names)
    yield from ROOT.glob("*.md")
    yield from ROOT.glob("requirements*.txt")
    for folder in (
        "action", "cmake", "config", "docker", "launch", "msg", "rviz", "scripts", "sros2", "srv",
    ):  # fmt: skip
        yield from (path for path in (ROOT / folder).rglob("*") if path.is_file())
    yield from (ROOT / ".github").rglob("*.yml")
    yield from (ROOT / "training").rglob("*.yaml")
    yield from python_files("llmseg_core", "llmseg_ros", "training", "launch", "tools", "test")


def imported_modules(path: Path, package: str) -> Iterator[str]:
    """Full names of all modules that a file imports, also within functions."""
    here = [PACKAGES[package], *path.relative_to(ROOT / package).parent.parts]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            yield node.module
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1]
            assert above, f"{path} imports from above its package"
            yield ".".join([*above, node.module or ""])


# Modules of the standard library that the oldest Python here does not have yet.
NEWER_STANDARD_MODULES = {"compression"}

# The rooms of each package, in the order in which data flows: each may import from those before it.
# What stands beside the methods (after "metrics") is imported by none of the rooms before.
LAYERS = {
    "llmseg_core": (
        "masks", "tensor_check", "types", "config", "runtime", "images", "recordings", "proposals",
        "embeddings", "familiarity", "vlm", "selector", "prompted", "grounding", "model_dir",
        "methods", "following", "geometry", "metrics", "convert", "reference", "benchmark", "web",
        "doctor",
        "cli",
    ),
    "training": (
        "scenes", "questions", "data", "engine", "proposals", "learning", "trainer", "evaluate",
        "generate", "honesty", "adapter", "lisa", "embedded", "label", "commands",
    ),
    "llmseg_ros": (
        "action", "msg", "srv", "error_log", "fast_dds", "launch_arguments", "own_domain",
        "process", "parameter_table", "program_help", "ros_context", "messages", "camera", "web",
        "rerun", "node", "demo", "doctor",
    ),
}  # fmt: skip


def own_modules(path: Path, package: str) -> Iterator[str]:
    """Names within the package of all of its modules that a file imports."""
    name = PACKAGES[package]
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.ImportFrom):
            continue
        here = [name, *path.relative_to(ROOT / package).parent.parts]
        parts = (node.module or "").split(".") if node.module else []
        full = [*here[: len(here) - node.level + 1], *parts] if node.level else parts
        if full[0] != name:
            continue
        for alias in node.names:
            below = ROOT / package / Path(*full[1:], alias.name)
            is_module = below.is_dir() or below.with_suffix(".py").is_file()
            yield ".".join([*full[1:], alias.name] if is_module else full[1:])


def source_module(path: Path, package: str) -> str:
    """Name of a file's module within its package."""
    parts = path.relative_to(ROOT / package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("package", LAYERS)
def test_rooms_import_from_rooms_before_them(package: str) -> None:
    floor = {room: number for number, room in enumerate(LAYERS[package])}
    for path in python_files(package):
        module = source_module(path, package)
        if not module:
            continue  # the package's own __init__ offers names of every room
        room = module.partition(".")[0]
        assert room in floor, f"{path.relative_to(ROOT)} is in no room of LAYERS"
        for imported in own_modules(path, package):
            other = imported.partition(".")[0]
            assert floor[other] <= floor[room], f"{path.relative_to(ROOT)} imports {imported}"


@pytest.mark.parametrize("package", LAYERS)
def test_no_circle_of_imports(package: str) -> None:
    """Not within functions either, and not for type checking alone."""
    graph = {
        source_module(path, package): set(own_modules(path, package))
        for path in python_files(package)
        if source_module(path, package)
    }
    order = TopologicalSorter({name: imports - {name} for name, imports in graph.items()})
    order.prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("package", FORBIDDEN)
def test_import_directions(package: str) -> None:
    files = python_files(package)
    assert files
    for path in files:
        for module in imported_modules(path, package):
            top = module.partition(".")[0]
            assert top not in FORBIDDEN[package], f"{path.relative_to(ROOT)} imports {module}"


def test_training_imports_itself_relatively() -> None:
    """The folder's name and the import name differ, so an absolute import of either is a slip."""
    for path in python_files("training"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert (node.module or "").partition(".")[0] not in (
                    "training",
                    "llmseg_training",
                ), f"{path.relative_to(ROOT)}:{node.lineno}"


def test_files_are_small() -> None:
    """Tables of words, which define neither function nor class, may be longer."""
    for path in python_files(*PACKAGES, "launch", "tools", "test"):
        text = path.read_text()
        code = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        if any(isinstance(node, code) for node in ast.walk(ast.parse(text))):
            lines = len(text.splitlines())
            assert lines <= MAX_LINES, f"{path.relative_to(ROOT)} has {lines} lines"


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_say_what_they_are_and_export(package: str) -> None:
    inits = [path for path in python_files(package) if path.name == "__init__.py"]
    folders = {path.parent for path in python_files(package)}
    assert {path.parent for path in inits} == folders
    for path in inits:
        tree = parsed(path)
        assert ast.get_docstring(tree), f"{path.relative_to(ROOT)} has no docstring"
        assigned = [
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        ]
        assert "__all__" in assigned, f"{path.relative_to(ROOT)} has no __all__"


def test_every_source_names_its_license() -> None:
    for path in python_files(*PACKAGES, "launch", "tools", "test"):
        head = path.read_text().splitlines()[:2]
        assert any(line == "# SPDX-License-Identifier: Apache-2.0" for line in head), path


def test_no_paths_of_one_machine() -> None:
    home = re.compile(r"(?<![\w.~}])/(?:home|root|Users|work|tmp|mnt)/\w")
    for path in text_files():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not home.search(line), f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    for path in text_files():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not marks.search(line), f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def pins(name: str) -> dict[str, str]:
    """Requirement lines of a file by normalised name, without those of included files."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    found = [line for line in lines if line and not line.startswith("-")]
    assert all(re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+\s*(;.*)?", line) for line in found), found
    return {normalised(re.split(r"\[|==", line)[0]): line for line in found}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def test_requirements_are_pinned_and_constrained() -> None:
    for path in ROOT.glob("requirements*.txt"):
        named = re.findall(r"^-c (\S+)$", path.read_text(), re.MULTILINE)
        constraints = "".join((ROOT / name).read_text() for name in named)
        for line in pins(path.name).values():
            requirement = re.sub(r"\[\w+\]", "", line.partition(";")[0]).strip().lower()
            assert re.search(f"^{re.escape(requirement)}\\b", constraints, re.MULTILINE), line


def setup_requirements(variable: str) -> set[str]:
    """Names in one of the lists of requirements in setup.py."""
    for node in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == variable:
            return {
                normalised(re.split(r"[\[<>=!]", item)[0]) for item in ast.literal_eval(node.value)
            }
    raise AssertionError(f"setup.py has no {variable}")


@pytest.mark.parametrize(
    ("package", "variables"),
    [
        ("llmseg_core", ["INFERENCE"]),
        ("llmseg_ros", ["INFERENCE", "RERUN"]),
        ("training", ["INFERENCE", "TRAINING", "DISTRIBUTED"]),
    ],
)
def test_imports_are_declared(package: str, variables: list[str]) -> None:
    declared = set().union(*map(setup_requirements, variables))
    distributions = packages_distributions()
    own = {*PACKAGES.values()}
    for path in python_files(package):
        for module in imported_modules(path, package):
            top = module.partition(".")[0]
            if top in {*sys.stdlib_module_names, *NEWER_STANDARD_MODULES, *ROS_MODULES, *own}:
                continue
            known = distributions.get(top, [NAMED_OTHERWISE.get(top, top)])
            names = {normalised(name) for name in known}
            assert names & declared, f"{path.relative_to(ROOT)} imports {top}, not in setup.py"


def test_ros_imports_are_declared() -> None:
    manifest = ElementTree.parse(ROOT / "package.xml").getroot()
    declared = {element.text for tag in ("depend", "exec_depend") for element in manifest.iter(tag)}
    for path in python_files("llmseg_ros"):
        for module in imported_modules(path, "llmseg_ros"):
            top = module.partition(".")[0]
            if top in ROS_MODULES - OPTIONAL_ROS_MODULES:
                assert top in declared, (
                    f"{path.relative_to(ROOT)} imports {top}, not in package.xml"
                )


def test_setup_requirements_are_pinned() -> None:
    names = ("inference", "training", "distributed", "rerun")
    pinned = {key for name in names for key in pins(f"requirements-{name}.txt")}
    for variable in ("INFERENCE", "TRAINING", "DISTRIBUTED", "RERUN"):
        assert setup_requirements(variable) <= pinned


def test_interfaces_comment_every_field() -> None:
    interfaces = [path for kind in ("action", "msg", "srv") for path in (ROOT / kind).iterdir()]
    cmake = (ROOT / "CMakeLists.txt").read_text()
    assert interfaces
    for path in interfaces:
        assert str(path.relative_to(ROOT)) in cmake
        for line in path.read_text().splitlines():
            field, _, comment = line.partition("#")
            if field.strip() and field.strip() != "---":
                assert comment.strip(), f"{path.relative_to(ROOT)}: {line}"
