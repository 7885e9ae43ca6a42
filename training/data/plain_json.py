# SPDX-License-Identifier: Apache-2.0
"""JSON that others wrote: whatever is wrong with it becomes a ValueError."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["parse_json", "read_json"]


def parse_json(text: str | bytes) -> Any:
    """The value that a text holds.

    Raises:
        ValueError: if it is no JSON, or nested too deeply to be read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_json(path: Path) -> Any:
    """The value that a file holds.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: naming the file, if it is no JSON.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing, or is no file")
    try:
        return parse_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
