# SPDX-License-Identifier: Apache-2.0
"""What a subcommand of `llmseg` is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Command"]


@dataclass(frozen=True)
class Command:
    """A subcommand.

    Attributes:
        help: what it does, one line.
        add_arguments: declares its arguments.
        run: does it and returns the exit code; ValueError and OSError become one line on stderr.
    """

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
