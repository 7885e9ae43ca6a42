# SPDX-License-Identifier: Apache-2.0
"""Files that are there as a whole or not at all, also after a crash or a full disk."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["part_name", "to_disk", "whole_file", "write_whole"]

NAME_BYTES = 255
"""most bytes of a file's name on the usual file systems"""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary file that takes the place of `path` if the block succeeds.

    It has the permissions of the file that it replaces, a new one those that the process gives
    its files (umask). A link stays, and what it points to is replaced. What is no file, such as a
    pipe or /dev/null, is written as it is. Several processes and machines may write the same file
    at once: one of them wins.

    Args:
        path: the file to make or replace; its folder is made.

    Raises:
        OSError: naming `path`, if it cannot be written.
    """
    place = Path(os.path.realpath(path))
    place.parent.mkdir(parents=True, exist_ok=True)
    before = _mode(place)
    if before is not None and stat.S_ISDIR(before):
        raise IsADirectoryError(f"{path} is a folder, it must be a file that can be written")
    if before is not None and not stat.S_ISREG(before):
        yield place
        return
    temporary = place.with_name(part_name(place))
    try:
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None
    try:
        fresh = os.fstat(handle).st_mode
        os.close(handle)
        yield temporary
        to_disk(temporary)
        # Some libraries (safetensors) put a private file in the place of the one they are given.
        temporary.chmod(stat.S_IMODE(_mode(place) or fresh))
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a text as UTF-8, or bytes (see `whole_file`)."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def _mode(path: Path) -> int | None:
    """Kind and permissions of what is there; None if nothing is."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def part_name(path: Path) -> str:
    """A hidden name, never used before, for what will be `path`; no longer than a name may be."""
    suffix = f"-{secrets.token_hex(4)}"
    name = os.fsencode(path.name)[: NAME_BYTES - len(suffix) - 1]
    return f".{name.decode(errors='ignore')}{suffix}"


def to_disk(path: Path) -> None:
    """Wait until a file's content is on the disk, where a crash of the machine leaves it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
