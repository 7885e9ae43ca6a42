# SPDX-License-Identifier: Apache-2.0
"""Folders that are there as a whole or not at all, also after a crash or a full disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["written_whole"]


@contextmanager
def written_whole(directory: str | Path, mark: str) -> Iterator[Path]:
    """A temporary folder that takes the place of `directory` if the block succeeds.

    Args:
        directory: the folder to make or replace.
        mark: name of a file that tells a folder of this kind; no other folder is replaced, unless
            it is empty.

    Raises:
        ValueError: if `directory` holds something else.
    """
    directory = Path(directory).expanduser().absolute()
    replaceable = not directory.exists() or (directory / mark).is_file()
    if not replaceable and not (directory.is_dir() and not any(directory.iterdir())):
        raise ValueError(f"{directory} is not empty and holds no {mark}: it is not replaced")
    directory.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    new, old = work / "new", work / "old"
    try:
        new.mkdir()
        yield new
        if directory.exists():
            directory.rename(old)
        try:
            new.rename(directory)
        except OSError:
            if old.exists():
                old.rename(directory)
            raise
    finally:
        shutil.rmtree(work)
