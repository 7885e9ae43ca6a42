# SPDX-License-Identifier: Apache-2.0
"""Folders that one process writes at a time."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

__all__ = ["LOCK_FILE", "FolderInUseError", "locked"]

LOCK_FILE = ".lock"
"""name of the file in a folder that its writer holds; it stays there, and says who that is"""


class FolderInUseError(OSError):
    """Another process writes the folder."""


@contextmanager
def locked(folder: Path, wait: bool = False) -> Iterator[None]:
    """Keep other writers out of a folder; readers need not ask.

    The system gives the folder free when the process ends, however that happens. Locks do not
    nest: a process that has a folder must not ask for it again.

    Args:
        folder: made if it is not there.
        wait: whether to wait for another writer, for as long as it writes, rather than to refuse.
            Who waits must look again at what is there.

    Raises:
        FolderInUseError: if another process writes the folder; names the lock and its holder.
        NotADirectoryError: if it is a file.
        OSError: if the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"{folder} is a file, it must be a folder to write") from None
    file = folder / LOCK_FILE
    lock = FileLock(str(file))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise FolderInUseError(
                f"{folder} is being written by {_holder(file)} ({file} is locked): wait for its "
                f"end, or name another folder"
            ) from None
        print(f"waiting for {_holder(file)} to finish {folder}", file=sys.stderr, flush=True)
        lock.acquire(poll_interval=0.2)
    try:
        _note(lock, file, _this_process())
        yield
    finally:
        _note(lock, file, "")
        lock.release()


def _this_process() -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return f"process {os.getpid()} on {socket.gethostname()} since {since}"


def _holder(file: Path) -> str:
    """Who noted that it has the lock."""
    try:
        return file.read_text(encoding="utf-8").strip() or "another process"
    except (OSError, UnicodeDecodeError):
        return "another process"


def _note(lock: FileLock, file: Path, holder: str) -> None:
    """Tell others who has the lock; the file itself is the lock where a system knows no locks."""
    if not isinstance(lock, SoftFileLock):
        with suppress(OSError):  # a full disk is told by what matters
            file.write_text(holder, encoding="utf-8")
