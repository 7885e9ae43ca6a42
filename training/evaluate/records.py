# SPDX-License-Identifier: Apache-2.0
"""Where the answers to a sample are kept: in a file of lines, or for a moment in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["LastRecord", "Records"]


class Records(Protocol):
    """Objects for JSON by the name of a sample; `JsonLines` are some."""

    def __contains__(self, name: str) -> bool: ...

    def __getitem__(self, name: str) -> Mapping[str, Any]: ...

    def add(self, name: str, record: Mapping[str, Any]) -> None:
        """Keep an object, unless there is one of that name."""


class LastRecord:
    """The last object that was added, to be sent to who keeps it."""

    def __init__(self) -> None:
        self._name, self._record = "", dict[str, Any]()

    def __contains__(self, name: str) -> bool:
        return name == self._name

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in self:
            raise KeyError(name)
        return self._record

    def add(self, name: str, record: Mapping[str, Any]) -> None:
        """Keep an object instead of the one before."""
        self._name, self._record = name, dict(record)
