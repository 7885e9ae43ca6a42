# SPDX-License-Identifier: Apache-2.0
"""What was looked at, how it stands, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

__all__ = ["Finding", "State"]


class State(str, Enum):
    """How something stands."""

    GOOD = "good"
    NOTE = "note"
    """worth knowing, and nothing wrong"""
    WARNING = "warning"
    """works, and worse than it could"""
    WRONG = "wrong"
    """keeps the node or the model from working"""


@dataclass(frozen=True)
class Finding:
    """One line of the page.

    Attributes:
        subject: what was looked at, one or two words.
        state: how it stands.
        text: what was seen, for people.
        remedy: one command or one change that mends it; empty where nothing is to be done.
        values: what was seen, for programs.
    """

    subject: str
    state: State
    text: str
    remedy: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "state": self.state.value}
