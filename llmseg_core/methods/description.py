# SPDX-License-Identifier: Apache-2.0
"""What a method is and understands."""

from __future__ import annotations

from dataclasses import dataclass, fields

from llmseg_core.config import SelectionConfig

__all__ = ["MethodDescription"]


@dataclass(frozen=True)
class MethodDescription:
    """What callers may want to know of a method before they ask it.

    Attributes:
        name: as `method` in `llmseg.yaml`.
        understands: what an instruction may be, for people.
        takes_questions: whether it understands more than the names of things.
        selection: the settings of `SelectionConfig` that change its answers.
    """

    name: str
    understands: str
    takes_questions: bool
    selection: tuple[str, ...]

    def __post_init__(self) -> None:
        known = [spec.name for spec in fields(SelectionConfig)]
        for name in self.selection:
            if name not in known:
                raise ValueError(f"selection has {name!r}, it must be among {', '.join(known)}")
