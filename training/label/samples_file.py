# SPDX-License-Identifier: Apache-2.0
"""`samples.jsonl` while people write it: one line changes, and all others stay as they are.

Every change reads the file anew, under the folder's lock, and writes it whole. So several people
and programs may work on one folder. Lines and keys that are not understood are kept.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmseg_core.runtime.folder_lock import FolderInUseError, locked
from llmseg_core.runtime.whole_file import write_whole

from ..data.folder import INDEX, usual_name
from ..data.names import check_name
from ..data.plain_json import parse_json

__all__ = ["ChangedMeanwhileError", "Labelled", "SampleLine", "SamplesFile"]

_OWN_KEYS = {"name", "image", "questions"}
WRITTEN_S = 5.0
"""seconds that somebody else may take to write the file"""
NEW = ""
"""the version of a sample that has no line yet"""

Questions = Sequence[dict[str, Any]]


class ChangedMeanwhileError(ValueError):
    """Somebody else has changed the sample since it was read."""


@dataclass(frozen=True)
class SampleLine:
    """A line that can be read.

    Attributes:
        number: of the line, from 1.
        name: of the sample.
        image: its image's path in the folder.
        questions: as they stand there.
        version: changes whenever the line does.
    """

    number: int
    name: str
    image: str
    questions: tuple[dict[str, Any], ...]
    version: str


@dataclass(frozen=True)
class Labelled:
    """What the file says.

    Attributes:
        samples: the lines that can be read, by name of the sample, in their order.
        damaged: for each other line, its number and what is wrong with it.
    """

    samples: Mapping[str, SampleLine]
    damaged: tuple[tuple[int, str], ...]


class SamplesFile:
    """Reads and changes the file of one folder.

    Args:
        folder: with the file, or without one yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / INDEX
        self._last: tuple[object, Labelled] | None = None

    def read(self) -> Labelled:
        """What the file says now; nothing if there is none.

        Raises:
            OSError: if it cannot be read.
        """
        seen = self._stamp()
        if self._last is None or self._last[0] != seen:
            self._last = seen, _understood(self._lines())
        return self._last[1]

    def change(
        self,
        name: str,
        image: str,
        version: str,
        edit: Callable[[Questions], Questions],
    ) -> SampleLine | None:
        """Change the questions of one sample.

        Args:
            name: of the sample.
            image: its image's path in the folder, for a line that is new.
            version: of the line that `edit` is about, "" if there was none.
            edit: makes the new questions of the old ones, which it leaves as they are.

        Returns:
            The new line; None if no question is left, and no line.

        Raises:
            ChangedMeanwhileError: if the line is another one by now; nothing is written.
            FolderInUseError: if another process writes the folder for longer than `WRITTEN_S`.
            ValueError: if a name or a text cannot be written.
            OSError: if the file cannot be written; the old one stays.
        """
        check_name(name)
        with _locked_soon(self.folder):
            lines = self._lines()
            before = _understood(lines).samples.get(name)
            if version != (before.version if before else NEW):
                raise ChangedMeanwhileError(
                    f"{name} was changed by somebody else since it was shown: look at it again"
                )
            record = parse_json(lines[before.number - 1]) if before else {}
            questions = list(edit(before.questions if before else ()))
            place = before.number - 1 if before else len(lines)
            written = []
            if questions or not set(record) <= _OWN_KEYS:
                if not before:
                    record = {"name": name, "image": image}
                record["questions"] = questions
                written = [json.dumps(record, ensure_ascii=False, allow_nan=False).encode()]
            lines[place : place + 1] = written
            content = b"".join(line + b"\n" for line in lines)
            if content or self.path.exists():
                write_whole(self.path, content)
            self._last = None
            return _understood(lines).samples.get(name)

    def _lines(self) -> list[bytes]:
        """The file's lines, without their ends."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        lines = content.split(b"\n")
        return lines[:-1] if lines[-1] == b"" else lines

    def _stamp(self) -> object:
        """Another one when another file is there."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size


@contextmanager
def _locked_soon(folder: Path) -> Iterator[None]:
    """The folder's lock; somebody else's change takes a moment, and is waited for."""
    with ExitStack() as held:
        end = time.monotonic() + WRITTEN_S
        while True:
            try:
                held.enter_context(locked(folder))
                break
            except FolderInUseError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        yield


def _understood(lines: Sequence[bytes]) -> Labelled:
    samples: dict[str, SampleLine] = {}
    damaged = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            sample = _sample(number, line)
            if sample.name in samples:
                raise ValueError(f"the name {sample.name!r} is used in an earlier line already")
        except ValueError as error:
            damaged.append((number, str(error)))
        else:
            samples[sample.name] = sample
    return Labelled(samples, tuple(damaged))


def _sample(number: int, line: bytes) -> SampleLine:
    record = parse_json(line)
    if not isinstance(record, dict):
        raise ValueError("a sample must be an object")
    image, questions = record.get("image"), record.get("questions")
    if not isinstance(image, str) or not image:
        raise ValueError(f"the image is {image!r}, it must be a path in the folder")
    if not isinstance(questions, list) or not all(isinstance(each, dict) for each in questions):
        raise ValueError("the questions must be a list of objects")
    name = check_name(record.get("name", usual_name(image)))
    version = hashlib.blake2b(line, digest_size=8).hexdigest()
    return SampleLine(number, name, image, tuple(questions), version)
