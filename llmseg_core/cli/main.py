# SPDX-License-Identifier: Apache-2.0
"""The command `llmseg`: finds the subcommand and runs it.

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
from .doctor import DOCTOR
from .get import GET
from .program import USER_ERROR, missing_package, run_program
from .segment import SEGMENT

__all__ = ["COMMAND_GROUP", "main", "run_command"]

COMMAND_GROUP = "llmseg.commands"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; None takes the process's.

    Returns:
        The exit code, see `run_program`.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    commands = _commands()
    if not arguments or arguments[0] in ("-h", "--help"):
        return run_program("llmseg", lambda: _print_overview(commands))
    name = arguments[0]
    if name not in commands:
        known = ", ".join(commands)
        print(f"llmseg: {name!r} is no command, it must be one of {known}", file=sys.stderr)
        return USER_ERROR
    return run_program(f"llmseg {name}", lambda: _run(name, commands[name](), arguments[1:]))


def run_command(name: str, command: Command, arguments: Sequence[str]) -> int:
    """Run one subcommand.

    Args:
        name: of the subcommand, for messages.
        command: what it does.
        arguments: those after the name.

    Returns:
        The exit code, as `main`.
    """
    return run_program(f"llmseg {name}", lambda: _run(name, command, arguments))


def _run(name: str, command: Command, arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog=f"llmseg {name}", description=command.help)
    command.add_arguments(parser)
    options = parser.parse_intermixed_args(arguments)
    if (missing := command.missing) is not None:
        raise ValueError(missing_package(missing))
    return command.run(options)


def _commands() -> dict[str, Callable[[], Command]]:
    """How to get each subcommand, by name; those of other packages are imported only then."""
    commands: dict[str, Callable[[], Command]] = {
        "segment": lambda: SEGMENT,
        "benchmark": lambda: BENCHMARK,
        "convert": lambda: CONVERT,
        "doctor": lambda: DOCTOR,
        "get": lambda: GET,
    }
    for point in entry_points(group=COMMAND_GROUP):
        commands.setdefault(point.name, point.load)
    return commands


def _print_overview(commands: dict[str, Callable[[], Command]]) -> int:
    lines = [f"  {name:<12} {_help(load)}" for name, load in commands.items()]
    print("usage: llmseg COMMAND ...", "", *lines, "", sep="\n")
    print("`llmseg COMMAND --help` tells more.")
    return 0


def _help(load: Callable[[], Command]) -> str:
    """What a command does, or what to install first."""
    try:
        command = load()
    except ModuleNotFoundError as error:
        return f"({missing_package(str(error.name))})"
    return command.help if command.missing is None else f"({missing_package(command.missing)})"
