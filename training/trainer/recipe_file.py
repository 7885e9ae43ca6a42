# SPDX-License-Identifier: Apache-2.0
"""Recipes in YAML files: what a file says becomes settings, and a slip becomes a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from llmseg_core.config.settings import Settings
from llmseg_core.config.yaml_file import override, read_yaml

__all__ = ["read_recipe"]

Recipe = TypeVar("Recipe", bound=Settings)


def read_recipe(
    cls: type[Recipe],
    path: Path,
    known: str,
    settings: Sequence[str] = (),
    long_form: Callable[[Mapping[str, Any]], dict[str, Any]] = dict,
) -> Recipe:
    """Read a recipe; what it does not name keeps its default.

    Args:
        cls: what the recipe is.
        path: the file.
        known: what to say of recipes that exist, if this one does not.
        settings: values to set anew, such as "steps=200" or "lora.rank=4".
        long_form: writes out what recipe and settings may say in short.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: naming file, section and key, and quoting a bad value.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no recipe {path}; {known}")
    values = read_yaml(path)
    if values is None:
        values = {}  # every default
    if isinstance(values, Mapping):
        values = long_form(override(long_form(values), settings))
    return cls.from_dict(values, str(path))
