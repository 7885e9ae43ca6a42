# SPDX-License-Identifier: Apache-2.0
"""Recipes in YAML files: what a file says becomes a dataclass, and a slip becomes a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

__all__ = ["make_recipe", "override", "read_yaml"]

Recipe = TypeVar("Recipe")


def read_yaml(path: Path, known: str) -> dict[str, Any]:
    """The values in a recipe file.

    Args:
        path: the file.
        known: what to say of recipes that exist, if this one does not.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no YAML.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no recipe {path}; {known}")
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {error}") from error


def make_recipe(
    cls: type[Recipe], values: Any, where: str, parts: Mapping[str, type] | None = None
) -> Recipe:
    """A recipe from plain values; what they do not name keeps its default.

    Args:
        cls: its dataclass.
        values: by the names of the fields.
        where: for messages: the file, or file and section.
        parts: fields that are recipes of their own, with their classes.

    Raises:
        ValueError: naming file, section and key, and quoting a bad value.
    """
    names = [spec.name for spec in fields(cls)]  # type: ignore[arg-type]
    known = ", ".join(names)
    if not isinstance(values, dict):
        raise ValueError(f"{where} is {values!r}, it must be a mapping with keys among {known}")
    unknown = sorted(map(str, set(values) - set(names)))
    if unknown:
        raise ValueError(f"{where} has the unknown key {unknown[0]!r}; known are {known}")
    parts = parts or {}
    values = {
        name: make_recipe(parts[name], value, f"{where}: {name}") if name in parts else value
        for name, value in values.items()
    }
    try:
        return cls(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def override(values: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Values of a recipe with some of them set anew.

    Args:
        values: from `read_yaml`; not changed.
        settings: texts such as "steps=200" or "lora.rank=4"; what follows "=" is YAML.

    Raises:
        ValueError: for a text that is not so.
    """
    result = dict(values)
    for setting in settings:
        name, sign, text = setting.partition("=")
        section, _, key = name.rpartition(".")
        if not sign or not key:
            raise ValueError(f"{setting!r} sets nothing, it must be such as steps=200")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"{setting!r}: {text!r} is no YAML value: {error}") from error
        if not section:
            result[key] = value
            continue
        inner = result.get(section) or {}
        result[section] = {**inner, key: value} if isinstance(inner, dict) else {key: value}
    return result
