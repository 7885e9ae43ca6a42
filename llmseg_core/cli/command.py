# SPDX-License-Identifier: Apache-2.0
"""What a subcommand of `llmseg` is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

__all__ = ["Command"]


@dataclass(frozen=True)
class Command:
    """A subcommand. Its module imports torch and what needs it when it runs, not before.

    Attributes:
        help: what it does, one line.
        add_arguments: declares its arguments.
        run: does it and returns the exit code; ValueError and OSError become one line on stderr.
        needs: packages that it imports and that inference does without.
    """

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    needs: tuple[str, ...] = ()

    @property
    def missing(self) -> str | None:
        """The first package among `needs` that is not installed; imports none of them."""
        return next((name for name in self.needs if find_spec(name) is None), None)
