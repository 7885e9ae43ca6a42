# SPDX-License-Identifier: Apache-2.0
"""What a setting may be, said beside the field: `steps: Annotated[int, AtLeast(1)] = 1000`.

Several limits on one field hold together. `wanted` completes "it must be ...".
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Above", "AtLeast", "Below", "Between", "Limit", "NotBlank", "NotEmpty", "OneOf"]


class Limit(Protocol):
    """A condition on a value that has the right type already.

    Attributes:
        wanted: of a number, what is asked of it ("at least 1"); of anything else the whole thing
            ("a path").
    """

    @property
    def wanted(self) -> str:
        """What completes "it must be ..."."""

    def holds(self, value: object) -> bool:
        """Whether the value is right."""


@dataclass(frozen=True)
class AtLeast:
    """A number that is not smaller."""

    least: float

    @property
    def wanted(self) -> str:
        """Its end."""
        return f"at least {self.least}"

    def holds(self, value: float) -> bool:
        """Whether the number is large enough."""
        return value >= self.least


@dataclass(frozen=True)
class Above:
    """A number that is larger."""

    bound: float

    @property
    def wanted(self) -> str:
        """Its end."""
        return f"above {self.bound}"

    def holds(self, value: float) -> bool:
        """Whether the number is large enough."""
        return value > self.bound


@dataclass(frozen=True)
class Below:
    """A number that is smaller."""

    bound: float

    @property
    def wanted(self) -> str:
        """Its end."""
        return f"below {self.bound}"

    def holds(self, value: float) -> bool:
        """Whether the number is small enough."""
        return value < self.bound


@dataclass(frozen=True)
class Between:
    """A number in an interval to which both ends belong."""

    least: float
    most: float

    @property
    def wanted(self) -> str:
        """Both ends."""
        return f"in [{self.least}, {self.most}]"

    def holds(self, value: float) -> bool:
        """Whether the number is in the interval."""
        return self.least <= value <= self.most


@dataclass(frozen=True)
class NotBlank:
    """A text with more in it than blanks."""

    wanted: str

    def holds(self, value: str) -> bool:
        """Whether something is in the text."""
        return bool(value.strip())


@dataclass(frozen=True)
class NotEmpty:
    """A list or mapping with at least one entry."""

    wanted: str

    def holds(self, value: Sized) -> bool:
        """Whether there is an entry."""
        return len(value) > 0


class OneOf:
    """A text among a few.

    Args:
        choices: the texts.
    """

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    @property
    def wanted(self) -> str:
        """All choices."""
        return f"one of {', '.join(self.choices)}"

    def holds(self, value: str) -> bool:
        """Whether the text is among them."""
        return value in self.choices
