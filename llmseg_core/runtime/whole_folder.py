# SPDX-License-Identifier: Apache-2.0
"""Folders that are there as a whole or not at all, also after a crash or a full disk."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .whole_file import part_name, to_disk

__all__ = ["check_replaceable", "folder_to_disk", "take_place", "written_whole"]

AT_FDCWD = -100
RENAME_EXCHANGE = 2


@contextmanager
def written_whole(directory: str | Path, mark: str) -> Iterator[Path]:
    """A temporary folder that takes the place of `directory` if the block succeeds.

    Where the file system can (Linux), the two change places in one step, so that the name stands
    for a whole folder at every moment. Several processes may write the same folder at once: one of
    them wins. A link stays, and what it points to is replaced. Files get the permissions that the
    process gives its files (umask).

    Args:
        directory: the folder to make or replace.
        mark: name of a file that tells a folder of this kind; no other folder is replaced, unless
            it is empty.

    Raises:
        ValueError: if `directory` holds something else.
        OSError: naming `directory`, if it cannot be written.
    """
    place = Path(os.path.realpath(Path(directory).expanduser()))
    check_replaceable(place, mark)
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(part_name(place))
    try:
        new.mkdir()
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(directory)) from None
    try:
        yield new
        folder_to_disk(new)
        take_place(new, place, mark)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def folder_to_disk(folder: Path) -> None:
    """Give all files in a folder its permissions, and wait until they are on the disk."""
    mode = stat.S_IMODE(folder.stat().st_mode) & 0o666
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(mode)  # safetensors makes files private
            to_disk(path)


def check_replaceable(place: Path, mark: str) -> None:
    """Refuse to replace what is no folder of a kind.

    Raises:
        ValueError: if there is something at `place` that is neither an empty folder nor holds the
            file `mark`.
    """
    replaceable = not place.exists() or (place / mark).is_file()
    if not replaceable and not (place.is_dir() and not any(place.iterdir())):
        raise ValueError(f"{place} is not empty and holds no {mark}: it is not replaced")


def take_place(new: Path, place: Path, mark: str) -> None:
    """Rename a folder that is whole and on the disk, and what has its new name to its old one.

    Args:
        new: the folder, on the same file system as `place`.
        place: its new name, no link.
        mark: see `written_whole`.

    Raises:
        ValueError: as `check_replaceable`.
    """
    check_replaceable(place, mark)  # somebody may have come first
    if place.exists():
        new.chmod(stat.S_IMODE(place.stat().st_mode))
    try:
        new.rename(place)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        _exchange(new, place)


def _exchange(new: Path, old: Path) -> None:
    """Let two folders change names."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    names = os.fsencode(new), os.fsencode(old)
    if rename and rename(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0:
        return
    between = old.with_name(part_name(old))  # some network file systems know no exchange
    old.rename(between)
    try:
        new.rename(old)
    except OSError:
        between.rename(old)
        raise
    between.rename(new)
