# SPDX-License-Identifier: Apache-2.0
"""Which packages a module comes to import: itself, and through modules of this project."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"llmseg_core": "llmseg_core", "llmseg_ros": "llmseg_ros", "llmseg_training": "training"}
"""Folders by import names."""


def imported_packages(module: str) -> set[str]:
    """Names of all modules outside of this project, also of imports within functions."""
    outside: set[str] = set()
    seen: set[str] = set()
    left = [module]
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        file = _file(name)
        if file is None:
            outside.add(name)
        else:
            parents = name.split(".")[:-1]
            left.extend(".".join(parents[: end + 1]) for end in range(len(parents)))
            left.extend(_imports(name, file))
    return outside


def _file(name: str) -> Path | None:
    """Where a module of this project is."""
    package, *rest = name.split(".")
    if package not in PACKAGES:
        return None
    path = ROOT.joinpath(PACKAGES[package], *rest)
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file if file.is_file() else None


def _imports(name: str, file: Path) -> Iterator[str]:
    here = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (
                full for alias in node.names if _file(full := f"{base}.{alias.name}") is not None
            )
