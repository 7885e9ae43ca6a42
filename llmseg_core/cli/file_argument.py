# SPDX-License-Identifier: Apache-2.0
"""Options that name a file to write, which is tried before the work and not after it."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

from llmseg_core.runtime.whole_file import whole_file

__all__ = ["file_to_write"]


def file_to_write(text: str) -> Path:
    """The `type` of such an option; makes the file's folder, and leaves a file that is there.

    Raises:
        argparse.ArgumentTypeError: if the file cannot be written.
    """
    path = Path(text)
    try:
        with suppress(_Tried), whole_file(path):
            raise _Tried
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written: {error}") from None
    return path


class _Tried(Exception):
    """The file could be begun; nothing takes its place."""
