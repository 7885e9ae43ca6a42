# SPDX-License-Identifier: Apache-2.0
"""What every method refuses of an instruction."""

from __future__ import annotations

__all__ = ["checked"]


def checked(instruction: str) -> str:
    """Return an instruction that has words.

    Raises:
        ValueError: if it is empty.
    """
    if not instruction.strip():
        raise ValueError("the instruction is empty, it must be a text such as 'the red cup'")
    return instruction
