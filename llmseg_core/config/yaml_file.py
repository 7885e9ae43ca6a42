# SPDX-License-Identifier: Apache-2.0
"""YAML files read strictly: whatever is wrong with one becomes one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .values import quoted, require_mapping

__all__ = ["override", "read_mapping", "read_yaml"]


class _Loader(yaml.SafeLoader):
    """Plain values only, and no key twice: YAML forbids it, and PyYAML drops the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        met: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # what cannot be a key is refused below
            if (key.tag, key.value) in met:
                problem = f"the key {key.value!r} is there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            met.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """What a file holds: plain values, None if it is empty.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is a folder, no text in UTF-8 or no YAML, naming file, line and column.
    """
    if path.is_dir():
        raise ValueError(f"{path} is a folder, it must be a YAML file")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is no text in UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}"
        ) from None
    try:
        return _loaded(text)
    except ValueError as error:
        raise ValueError(f"{path} is no YAML: {error}") from error


def read_mapping(path: Path) -> dict[str, Any]:
    """What a file holds that must be a mapping, such as one that this package wrote.

    Raises:
        FileNotFoundError, ValueError: as `read_yaml`, and if it is no mapping.
    """
    values: dict[str, Any] = read_yaml(path)
    require_mapping(values, str(path), "a mapping")
    return values


def override(values: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Values with some of them set anew, as a command line says it.

    Args:
        values: from `read_yaml`; not changed.
        settings: texts such as "steps=200" or "lora.rank=4"; what follows "=" is YAML.

    Raises:
        ValueError: for a text that is not so, or a section that is none.
    """
    result = dict(values)
    for setting in settings:
        name, sign, text = setting.partition("=")
        keys = name.split(".")
        if not sign or not all(keys):
            raise ValueError(f"{setting!r} sets nothing, it must be such as steps=200")
        try:
            value = _loaded(text)
        except ValueError as error:
            raise ValueError(f"{setting!r}: {text!r} is no YAML value: {error}") from error
        result = _with(result, keys, value, setting)
    return result


def _with(values: Mapping[str, Any], keys: Sequence[str], value: Any, setting: str) -> dict:
    key, *inner = keys
    if not inner:
        return {**values, key: value}
    section = values.get(key)
    if section is None:
        section = {}
    if not isinstance(section, Mapping):
        raise ValueError(f"{setting!r} cannot be set: {key} is {quoted(section)}, no section")
    return {**values, key: _with(section, inner, value, setting)}


def _loaded(text: str) -> Any:
    """The one document in a text; every error is a ValueError of one line."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise ValueError(place + ": ".join(filter(None, (error.context, error.problem)))) from None
    except RecursionError:
        raise ValueError("lists and mappings are nested too deeply") from None
    except yaml.reader.ReaderError as error:
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise ValueError(
            f"character {error.position} is U+{code:04X}, which YAML does not allow"
        ) from None
