# SPDX-License-Identifier: Apache-2.0
"""A file of JSON objects, one a line, that an interruption does not spoil."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

__all__ = ["JsonLines"]


class JsonLines:
    """Lines are added at the end and found again by a key; a line cut short is dropped.

    Several processes may add to one file: each takes its turn, and what another has added under a
    name stays.

    Args:
        path: the file; it is made when the first line is added, and a hidden lock file beside it.
        about: what the lines belong to, the first line of the file.

    Raises:
        ValueError: if the file belongs to something else, or a line is no JSON object.
    """

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        self.path = path
        self.about = dict(about)
        self._places: dict[str, int] = {}
        self._end = 0
        self._lock = FileLock(path.with_name(f".{path.name}.lock"))
        self._find_lines()

    def __str__(self) -> str:
        return str(self.path)

    def __contains__(self, name: str) -> bool:
        if name not in self._places and self.path.exists():
            with self._lock:
                self._find_lines()  # those that another process has added since
        return name in self._places

    def __len__(self) -> int:
        return len(self._places)

    def names(self) -> tuple[str, ...]:
        """Names of all lines that are known, in their order."""
        return tuple(self._places)

    def __getitem__(self, name: str) -> dict[str, Any]:
        """The object that was added under `name`."""
        with self.path.open("rb") as file:
            file.seek(self._places[name])
            return json.loads(file.readline())

    def add(self, name: str, record: Mapping[str, Any]) -> None:
        """Append an object; it is on disk when this returns.

        Raises:
            ValueError: if a number is not finite, or the file has become another's meanwhile.
        """
        line = _line({"name": name, **record}, name)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._find_lines()  # those that another process has added since
            if name in self._places:
                return
            with self.path.open("r+b" if self.path.exists() else "w+b") as file:
                file.seek(self._end)
                file.truncate()  # drops a line that an interruption cut short
                if not self._end:
                    file.write(_line(self.about, "the first line"))
                self._places[name] = file.tell()
                file.write(line)
                self._end = file.tell()
                file.flush()
                os.fsync(file.fileno())

    def _find_lines(self) -> None:
        """Read on where the lines ended that are known."""
        if not self.path.exists() or self.path.stat().st_size < self._end:  # removed meanwhile
            self._places, self._end = {}, 0
        if not self.path.exists():
            return
        for start, record, end in _whole_lines(self.path, self._end):
            if start == 0 and record != self.about:
                raise ValueError(
                    f"{self.path} belongs to {_words(record)}, this is {_words(self.about)}: "
                    f"remove it or write to another folder"
                )
            if start > 0:
                self._places[str(record.get("name"))] = start
            self._end = end


def _whole_lines(path: Path, start: int) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Start, object and end of every line from byte `start` on that has its end."""
    with path.open("rb") as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                record = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{_place(path, start)} is no JSON: {error}") from error
            if not isinstance(record, dict):
                raise ValueError(f"{_place(path, start)} is {record!r}, it must be an object")
            yield start, record, start + len(line)
            start += len(line)


def _place(path: Path, start: int) -> str:
    """The line that begins at byte `start`, for people."""
    with path.open("rb") as file:
        number = file.read(start).count(b"\n") + 1
    return f"{path}, line {number}"


def _line(record: Mapping[str, Any], name: str) -> bytes:
    try:
        text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise ValueError(f"{name} cannot be written as JSON: {error}") from error
    return text.encode() + b"\n"


def _words(about: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value!r}" for key, value in about.items())
