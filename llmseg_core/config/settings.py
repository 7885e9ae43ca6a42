# SPDX-License-Identifier: Apache-2.0
"""Settings: dataclasses that check their values when they are made, from YAML and back.

`llmseg.yaml` and all recipes are such. A field's annotation is its check: the type, None or not,
and the limits beside it (`Annotated[int, AtLeast(1)]`). What involves several fields stands in
`__post_init__`, after that of `Settings`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from functools import cache
from inspect import get_annotations
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from .values import WrongValueError, kept_value, quoted, refusal, require_mapping

__all__ = ["Settings"]

S = TypeVar("S", bound="Settings")


@dataclass(frozen=True)
class Settings:
    """Base of all settings.

    Raises:
        ValueError: when made with a value of a wrong type or outside of its limits, quoting it and
            saying what would be right.
    """

    def __post_init__(self) -> None:
        kinds = _kinds(type(self))
        for spec in fields(self):
            value = getattr(self, spec.name)
            try:
                kept = kept_value(kinds[spec.name], value)
            except WrongValueError as error:
                raise refusal(spec.name, value, error.wanted) from None
            if kept is not value:
                object.__setattr__(self, spec.name, kept)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for YAML or JSON, every field in its order."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_dict(cls: type[S], values: Any, where: str) -> S:
        """Settings from plain values; what they do not name keeps its default.

        Args:
            values: a mapping by the names of the fields; of fields that are settings, too.
            where: for messages: the file.

        Raises:
            ValueError: naming file, section and key, quoting a bad value, and for an unknown key
                saying which are known.
        """
        return _made(cls, values, where)


def _kinds(cls: Any) -> dict[str, Any]:
    """The types of all fields of a class of settings, with their limits."""
    return _typed(cls)


@cache
def _typed(cls: Hashable) -> dict[str, Any]:
    kinds: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    for each in reversed(cls.__mro__):  # type: ignore[attr-defined]
        bare, limited = get_type_hints(each), get_type_hints(each, include_extras=True)
        for name in get_annotations(each):
            only_default = bare[name] == limited[name] == plain.get(name)
            if not only_default:  # a subclass that changes the default alone keeps the limits
                kinds[name], plain[name] = limited[name], bare[name]
    return kinds


def _made(cls: type[S], values: Any, where: str) -> S:
    names = [spec.name for spec in fields(cls)]
    require_mapping(values, where, f"a mapping with keys among {', '.join(names)}")
    for key in values:
        if key not in names:
            known = ", ".join(names)
            raise ValueError(f"{where} has the unknown key {quoted(key)}; known are {known}")
    missing = [
        repr(spec.name)
        for spec in fields(cls)
        if spec.name not in values and spec.default is MISSING and spec.default_factory is MISSING
    ]
    if missing:
        named = f"key {missing[0]} is" if len(missing) == 1 else f"keys {_listed(missing)} are"
        raise ValueError(f"{where}: the {named} missing")
    kinds = _kinds(cls)
    parts = {key: _part(kinds[key], value, f"{where}: {key}") for key, value in values.items()}
    try:
        return cls(**parts)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _part(kind: Any, value: Any, where: str) -> Any:
    """The value of a field: settings and mappings of settings are made, all else stays."""
    bare, optional = _bare(kind)
    if optional and value is None:
        return None
    if isinstance(bare, type) and issubclass(bare, Settings):
        return _made(bare, value, where)
    inner = get_args(bare)[1] if get_origin(bare) is dict else None
    if isinstance(inner, type) and issubclass(inner, Settings):
        require_mapping(value, where, "a mapping of names")
        return {key: _made(inner, each, f"{where}: {key}") for key, each in value.items()}
    return value


def _bare(kind: Any) -> tuple[Any, bool]:
    """A type without limits and None, and whether None was allowed."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind):
        (other,) = (each for each in get_args(kind) if each is not NoneType)
        return _bare(other)[0], True
    return kind, False


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _plain(value: Any) -> Any:
    if isinstance(value, Settings):
        return {spec.name: _plain(getattr(value, spec.name)) for spec in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value
