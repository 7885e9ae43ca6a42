# SPDX-License-Identifier: Apache-2.0
"""Malformed inputs as plain values: made from a seed, and made small when one does harm."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

__all__ = ["Case", "Generator", "case_random", "shrunk"]

Case: TypeAlias = dict[str, Any]
"""the fields of one input: text, bytes, numbers, lists, dicts and None"""

Generator: TypeAlias = Callable[[random.Random], Case]


def case_random(seed: int, kind: str, number: int) -> random.Random:
    """The random state of one case, whichever others are made."""
    return random.Random(f"{seed} {kind} {number}")


def shrunk(case: Case, base: Case, fails: Callable[[Case], bool], tries: int = 60) -> Case:
    """A smaller case that fails as well.

    Args:
        case: one that fails.
        base: a valid one; its fields are put in for as many fields of `case` as may be.
        fails: tells whether a case still does harm.
        tries: how often `fails` is called at most.
    """
    for _ in range(tries):
        for smaller in _smaller(case, base):
            tries -= 1
            if fails(smaller):
                case = smaller
                break
            if tries <= 0:
                return case
        else:
            return case
    return case


def _smaller(case: Case, base: Case) -> Iterator[Case]:
    for name, value in base.items():
        if case.get(name) != value:
            yield {**case, name: value}
    for name, value in case.items():
        for shorter in _shorter(value):
            if shorter != base.get(name):
                yield {**case, name: shorter}


def _shorter(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from ({k: v for k, v in value.items() if k != name} for name in value)
        for name, inner in value.items():
            yield from ({**value, name: shorter} for shorter in _shorter(inner))
    elif isinstance(value, str | bytes | list):
        for parts in (2, 4, 8):
            step = -(-len(value) // parts)
            for start in range(0, len(value), step or 1):
                yield value[:start] + value[start + step :]
