# SPDX-License-Identifier: Apache-2.0
"""Values and the types that they must have: what a setting keeps, or what would be right."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from .limits import Limit

__all__ = ["WrongValueError", "kept_value", "quoted", "refusal", "require", "require_mapping"]

_SHORT_EXPONENT = re.compile(r"[-+]?[0-9]+\.?[0-9]*[eE][-+]?[0-9]+")
_LONGEST = 200
"""Characters of a value that a message quotes."""


class WrongValueError(ValueError):
    """A value cannot be kept.

    Attributes:
        wanted: what would be right, to complete "it must be ...".
    """

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


def kept_value(kind: Any, value: Any) -> Any:
    """What a setting of type `kind` keeps for `value`.

    A whole number may stand for a float, a list for a tuple, and an enum's plain value for its
    member; everything else must have the type already.

    Args:
        kind: as `typing.get_type_hints` gives it, with extras: bool, int, float, str, an Enum, a
            dataclass, tuple[X, ...], dict[str, X], each with limits (`Annotated`), or None.
        value: from a YAML file or from a caller.

    Raises:
        WrongValueError: saying what would be right.
        TypeError: if there are no settings of this type.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _within(arguments[0], arguments[1:], value)
    if origin in (Union, UnionType) and NoneType in arguments and len(arguments) == 2:
        (other,) = (each for each in arguments if each is not NoneType)
        return _kept_or_none(other, value)
    if origin is tuple and arguments[1:] == (...,):
        return _kept_tuple(arguments[0], value)
    if origin is dict and arguments[0] is str:
        return _kept_dict(arguments[1], value)
    if isinstance(kind, type):
        if issubclass(kind, Enum):
            return _member(kind, value)
        if kind in _PLAIN:
            return _PLAIN[kind](value)
        if is_dataclass(kind):
            return _instance(kind, value)
    raise TypeError(f"there are no settings of the type {kind!r}")


def quoted(value: object) -> str:
    """A value for a message: one line, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def refusal(name: str, value: object, wanted: str) -> ValueError:
    """The error of one setting: its name, its value and what it must be."""
    return ValueError(f"{name} is {quoted(value)}, it must be {wanted}")


def require(condition: bool, name: str, value: object, wanted: str) -> None:
    """Refuse a setting that does not fit others, unless `condition` holds.

    Raises:
        ValueError: with its name, its value and what it must be.
    """
    if not condition:
        raise refusal(name, value, wanted)


def require_mapping(values: object, where: str, wanted: str) -> None:
    """Refuse what is no mapping.

    Raises:
        ValueError: saying of `where` what it must be.
    """
    if values is None:
        raise ValueError(f"{where} is empty, it must be {wanted}")
    if not isinstance(values, Mapping):
        raise refusal(where, values, wanted)


def _within(kind: Any, limits: Iterable[Limit], value: Any) -> Any:
    wanted = " and ".join(limit.wanted for limit in limits)
    try:
        kept = kept_value(kind, value)
    except WrongValueError as error:
        # Limits of a number speak of a number only; other limits name the whole thing.
        raise error if kind in (int, float) else WrongValueError(wanted) from None
    if not all(limit.holds(kept) for limit in limits):
        raise WrongValueError(wanted)
    return kept


def _kept_or_none(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    try:
        return kept_value(kind, value)
    except WrongValueError as error:
        one_of = "one of "
        if error.wanted.startswith(one_of):
            raise WrongValueError(error.wanted.replace(one_of, f"{one_of}null, ", 1)) from None
        raise WrongValueError(f"null or {error.wanted}") from None


def _member(kind: type[Enum], value: Any) -> Enum:
    for member in kind:
        if value is member or (type(value) is type(member.value) and value == member.value):
            return member
    raise WrongValueError(f"one of {', '.join(str(member.value) for member in kind)}")


def _kept_tuple(kind: Any, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise WrongValueError("a list")
    try:
        return tuple(kept_value(kind, each) for each in value)
    except WrongValueError as error:
        raise WrongValueError(f"a list, each entry {error.wanted}") from None


def _kept_dict(kind: Any, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise WrongValueError("a mapping of texts")
    return {key: kept_value(kind, each) for key, each in value.items()}


def _instance(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise WrongValueError(f"a {kind.__name__}")
    return value


def _kept_bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise WrongValueError("true or false")
    return value


def _kept_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongValueError("a whole number")
    return value


def _kept_float(value: Any) -> float:
    if isinstance(value, str) and _SHORT_EXPONENT.fullmatch(value):
        value = float(value)  # a number for everybody but YAML 1.1, which wants 1.0e-3
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongValueError("a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise WrongValueError("a finite number")
    return number


def _kept_text(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongValueError("a text")
    return value


_PLAIN = {bool: _kept_bool, int: _kept_int, float: _kept_float, str: _kept_text}
