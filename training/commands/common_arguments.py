# SPDX-License-Identifier: Apache-2.0
"""Options that several commands have, the same in all of them."""

from __future__ import annotations

import argparse

from .choices import BROKEN

__all__ = ["add_broken", "add_questions", "add_samples", "checked_samples"]


def add_broken(
    parser: argparse.ArgumentParser, help: str = "what happens when a sample cannot be used"
) -> None:
    """Declare `--broken`."""
    parser.add_argument(
        "--broken", choices=BROKEN, default="fatal", help=f"{help} (default: fatal)"
    )


def add_questions(parser: argparse.ArgumentParser) -> None:
    """Declare `--questions`."""
    parser.add_argument(
        "--questions", type=int, metavar="N",
        help="of scenes:PATH:SPLIT: most questions a scene and phrasing (default: 6)",
    )  # fmt: skip


def add_samples(parser: argparse.ArgumentParser, help: str) -> None:
    """Declare `--samples`."""
    parser.add_argument("--samples", type=int, metavar="N", help=help)


def checked_samples(options: argparse.Namespace) -> int | None:
    """How many images are looked at; None means all.

    Raises:
        ValueError: if that is less than one.
    """
    samples: int | None = options.samples
    if samples is not None and samples < 1:
        raise ValueError(f"--samples is {samples}, it must be at least 1")
    return samples
