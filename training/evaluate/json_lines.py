# SPDX-License-Identifier: Apache-2.0
"""A file of JSON objects, one a line, that an interruption does not spoil."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["JsonLines"]


class JsonLines:
    """Lines are added at the end and found again by a key; a line cut short is dropped.

    Args:
        path: the file; it is made when the first line is added.
        about: what the lines belong to, the first line of the file.

    Raises:
        ValueError: if the file belongs to something else, or a line is no JSON object.
    """

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        self.path = path
        self.about = dict(about)
        self._places: dict[str, int] = {}
        self._end = 0
        if path.exists():
            self._find_lines()

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, name: str) -> dict[str, Any]:
        """The object that was added under `name`."""
        with self.path.open("rb") as file:
            file.seek(self._places[name])
            return json.loads(file.readline())

    def add(self, name: str, record: Mapping[str, Any]) -> None:
        """Append an object; it is on disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.seek(self._end)
            file.truncate()  # drops a line that an interruption cut short
            if not self._end:
                file.write(_line(self.about))
            self._places[name] = file.tell()
            file.write(_line({"name": name, **record}))
            self._end = file.tell()

    def _find_lines(self) -> None:
        lines = _whole_lines(self.path)
        first = next(lines, None)
        if first is None:
            return
        if first[1] != self.about:
            raise ValueError(
                f"{self.path} belongs to {_words(first[1])}, this is {_words(self.about)}: "
                f"remove it or write to another folder"
            )
        self._end = first[2]
        for start, record, end in lines:
            self._places[str(record.get("name"))] = start
            self._end = end


def _whole_lines(path: Path) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Start, object and end of every line that has its end."""
    start = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                record = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}, line {number} is no JSON: {error}") from error
            if not isinstance(record, dict):
                raise ValueError(f"{path}, line {number} is {record!r}, it must be an object")
            yield start, record, start + len(line)
            start += len(line)


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def _words(about: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value!r}" for key, value in about.items())
