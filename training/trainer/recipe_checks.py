# SPDX-License-Identifier: Apache-2.0
"""Checks of the numbers in a recipe, so that a slip costs a message and not a night."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

__all__ = ["check_numbers"]

_WANTED: dict[str, tuple[tuple[type[int] | type[float], ...], str]] = {
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number (in YAML 1.0e-3, not 1e-3)"),
}


def check_numbers(recipe: Any, **ranges: tuple[float, float]) -> None:
    """Refuse fields of a wrong type or outside their range; the rest must not be negative.

    Args:
        recipe: a dataclass whose fields are annotated "int" and "float"; others are left alone.
        ranges: for each field the least and the greatest value.

    Raises:
        ValueError: naming the field, quoting its value and saying what would be right.
    """
    for spec in fields(recipe):
        if spec.type not in _WANTED:
            continue
        value = getattr(recipe, spec.name)
        kind, wanted = _WANTED[spec.type]
        if isinstance(value, bool) or not isinstance(value, kind):
            raise ValueError(f"{spec.name} is {value!r}, it must be {wanted}")
        least, most = ranges.get(spec.name, (0, float("inf")))
        if not least <= value <= most:
            allowed = f"at least {least}" if most == float("inf") else f"in [{least}, {most}]"
            raise ValueError(f"{spec.name} is {value!r}, it must be {allowed}")
