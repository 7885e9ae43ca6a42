# SPDX-License-Identifier: Apache-2.0
"""What is taken as an instruction, before anything is done with it."""

from __future__ import annotations

__all__ = ["MOST_CHARACTERS", "checked_instruction"]

MOST_CHARACTERS = 10_000
"""of an instruction; what a model can read is far less, and it says so itself"""


def checked_instruction(text: str) -> str:
    """The instruction as it is, or empty if it holds nothing but white space.

    Raises:
        ValueError: it is too long to be looked at for every frame.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(
            f"the instruction has {len(text)} characters, {MOST_CHARACTERS} at most are taken"
        )
    return text if text.strip() else ""
