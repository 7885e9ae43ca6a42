# SPDX-License-Identifier: Apache-2.0
"""What a fault is to the command that causes them: a function, where it works, and what it saw."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from helpers.small_model import save_small_model

__all__ = ["Fault", "Outcome", "Place", "last_line"]


@dataclass
class Outcome:
    """What became of one fault, caused several times.

    Attributes:
        tries: how often it was caused.
        survived: tries after which all went on as before.
        refused: tries that were refused with a reason.
        failures: what went wrong in the others, one text each.
        note: how it was caused, where there is more than one way.
    """

    tries: int = 0
    survived: int = 0
    refused: int = 0
    failures: list[str] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Place:
    """Where a fault works.

    Attributes:
        folder: its own.
        choose: decides moments and order.
        tries: how often the fault is to be caused.
    """

    folder: Path
    choose: random.Random
    tries: int

    @property
    def model(self) -> Path:
        """A small model directory, made when it is first asked for."""
        model = self.folder / "model"
        if not model.exists():
            save_small_model(model)
        return model


Fault: TypeAlias = Callable[[Place], Outcome]


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "(nothing was written)"
