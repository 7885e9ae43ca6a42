# SPDX-License-Identifier: Apache-2.0
"""Zstandard, as rosbag2 compresses files and messages."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import IO

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from .storage import DamagedMessage, RecordingError

__all__ = ["decompress_file", "decompressed", "decompressed_beginning"]

MAGIC = b"\x28\xb5\x2f\xfd"
"""the first bytes of what is compressed; a message begins with 0"""


def decompressed(data: bytes) -> bytes:
    """The content if `data` is compressed, else `data`; raises DamagedMessage."""
    if not data.startswith(MAGIC):
        return data
    try:
        return bytes(zstd.decompress(data))
    except (zstd.ZstdError, EOFError, ValueError) as error:
        raise DamagedMessage(f"it cannot be decompressed: {error}") from error


def decompressed_beginning(data: bytes) -> bytes:
    """As much as can be had of what was compressed, where its end may be missing.

    Raises:
        ValueError: it is damaged before.
    """
    try:
        return bytes(zstd.ZstdDecompressor().decompress(data))
    except zstd.ZstdError as error:
        raise ValueError(str(error)) from error


def decompress_file(path: Path, target: IO[bytes]) -> None:
    """Writes the content of a compressed file to `target`.

    Raises:
        RecordingError: the file is damaged or ends early.
        OSError: it cannot be read, or there is no room for its content.
    """
    try:
        with zstd.open(path, "rb") as file:
            shutil.copyfileobj(file, target)
    except (zstd.ZstdError, EOFError, ValueError) as error:
        raise RecordingError(
            f"it cannot be decompressed ({error}): it is cut short or damaged, copy it again"
        ) from error
    target.flush()
