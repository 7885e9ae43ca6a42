# SPDX-License-Identifier: Apache-2.0
"""The option `--device`, the same in all commands."""

from __future__ import annotations

import argparse

__all__ = ["add_device", "chosen_device"]


def add_device(parser: argparse._ActionsContainer) -> None:
    """Declare the option."""
    parser.add_argument(
        "--device",
        help='"cpu", "cuda" or such as "cuda:1" (default: a GPU if there is one, where several '
        "processes work one of its own for each)",
    )


def chosen_device(options: argparse.Namespace) -> str:
    """What the option says, or the default of this machine."""
    from llmseg_core.runtime.device import usual_device

    device: str | None = options.device
    return usual_device() if device is None else device
