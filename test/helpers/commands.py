# SPDX-License-Identifier: Apache-2.0
"""Subcommands of `llmseg` without the installed program, in this process or in two at once."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

from llmseg_core.cli.command import Command

LAUNCH = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


def run(command: Command, *arguments: object) -> int:
    """Run a command in this process."""
    parser = ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_intermixed_args([str(each) for each in arguments]))


def run_in_two_processes(
    folder: Path, command: str, *arguments: object, before: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command in two processes that know of each other, on CPUs.

    Args:
        folder: gets the script that both run.
        command: module and name of the command, "llmseg_training.commands.train:TRAIN".
        arguments: of the command.
        before: Python that each process runs first.
    """
    module, _, name = command.partition(":")
    script = folder / "processes.py"
    script.write_text(
        f"import argparse\n{before}\nfrom {module} import {name} as command\n"
        "parser = argparse.ArgumentParser()\ncommand.add_arguments(parser)\n"
        "raise SystemExit(command.run(parser.parse_args()))\n"
    )
    return subprocess.run(
        [*LAUNCH, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=1200,
    )


def run_unread(*command: object) -> tuple[int, str]:
    """Exit code and stderr of a program whose output nobody reads, as after `| head -0`."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as output:
        done = subprocess.run(
            [str(each) for each in command],
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=240,
        )
    return done.returncode, done.stderr
