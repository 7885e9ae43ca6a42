# SPDX-License-Identifier: Apache-2.0
"""What sentence frames are made of: text blocks with a frame a line."""

from __future__ import annotations

from functools import cache
from typing import Literal

from .wording import Split

Number = Literal["one", "any", "many"]
Frames = dict[Number, dict[Split, str]]


@cache
def frames(block: str) -> tuple[str, ...]:
    """The frames of a block of text, one per line."""
    return tuple(line.strip() for line in block.splitlines() if line.strip())
