# SPDX-License-Identifier: Apache-2.0
"""Templates: texts with one named place in braces."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter

__all__ = ["Template"]


@dataclass(frozen=True)
class Template:
    """What a template must be: a limit of a setting, and how its place is filled.

    Attributes:
        place: the name in braces, which may be there several times.
    """

    place: str

    @property
    def wanted(self) -> str:
        """What completes "it must be ..."."""
        place = f"{{{self.place}}}"
        return f"a text with {place} and no other braces ({{{{ and }}}} stand for braces)"

    def holds(self, template: str) -> bool:
        """Whether the place is there, and nothing else in braces."""
        try:
            parts = list(Formatter().parse(template))
        except ValueError:  # a lone brace
            return False
        places = [part[1:] for part in parts if part[1] is not None]
        return bool(places) and all(place == (self.place, "", None) for place in places)

    def check(self, name: str, template: str) -> None:
        """Refuse a template that is none.

        Raises:
            ValueError: with `name`, the template and what it must be.
        """
        if not self.holds(template):
            raise ValueError(f"{name} is {template!r}, it must be {self.wanted}")

    def fill(self, template: str, text: str) -> str:
        """The template with `text` in its place; braces in `text` are only text."""
        return template.format(**{self.place: text})
