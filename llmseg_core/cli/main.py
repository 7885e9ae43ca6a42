# SPDX-License-Identifier: Apache-2.0
"""The command `llmseg`: finds the subcommand, and turns a user's error into one line.

Another package adds a subcommand by an entry point of the group `llmseg.commands` that names a
`Command`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points

from .benchmark import BENCHMARK
from .command import Command
from .convert import CONVERT
from .segment import SEGMENT

__all__ = ["COMMAND_GROUP", "main", "run_command"]

COMMAND_GROUP = "llmseg.commands"
USER_ERROR = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; None takes the process's.

    Returns:
        The exit code: 0, or 2 after a user's error.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    commands = _commands()
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview(commands))
        return 0
    name = arguments[0]
    if name not in commands:
        known = ", ".join(commands)
        print(f"llmseg: {name!r} is no command, it must be one of {known}", file=sys.stderr)
        return USER_ERROR
    try:
        command = commands[name]()
    except ModuleNotFoundError as error:
        print(f"llmseg {name}: {_missing(error)}", file=sys.stderr)
        return USER_ERROR
    return run_command(name, command, arguments[1:])


def run_command(name: str, command: Command, arguments: Sequence[str]) -> int:
    """Run one subcommand.

    Args:
        name: of the subcommand, for messages.
        command: what it does.
        arguments: those after the name.

    Returns:
        The exit code, as `main`.
    """
    parser = argparse.ArgumentParser(prog=f"llmseg {name}", description=command.help)
    command.add_arguments(parser)
    options = parser.parse_intermixed_args(arguments)
    try:
        return command.run(options)
    except (ValueError, OSError) as error:
        print(f"llmseg {name}: {error}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED


def _commands() -> dict[str, Callable[[], Command]]:
    """How to get each subcommand, by name; those of other packages are imported only then."""
    commands: dict[str, Callable[[], Command]] = {
        "segment": lambda: SEGMENT,
        "benchmark": lambda: BENCHMARK,
        "convert": lambda: CONVERT,
    }
    for point in entry_points(group=COMMAND_GROUP):
        commands.setdefault(point.name, point.load)
    return commands


def _overview(commands: dict[str, Callable[[], Command]]) -> str:
    lines = [f"  {name:<12} {_help(load)}" for name, load in commands.items()]
    return "\n".join(
        ["usage: llmseg COMMAND ...", "", *lines, "", "`llmseg COMMAND --help` tells more."]
    )


def _help(load: Callable[[], Command]) -> str:
    try:
        return load().help
    except ModuleNotFoundError as error:
        return f"({_missing(error)})"


def _missing(error: ModuleNotFoundError) -> str:
    return f"needs {error.name}: pip install -r requirements-training.txt, in the source folder"
