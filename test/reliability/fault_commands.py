# SPDX-License-Identifier: Apache-2.0
"""Offline commands that are killed, that share a folder, and whose disk is full."""

from __future__ import annotations

import resource
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .fault import Outcome, Place, last_line
from .offline import ENVIRONMENT, Offline, offline_commands, started

__all__ = ["command_kills", "disk_full", "two_writers"]

PATIENCE_S = 300.0
FULL_KB = (4, 12, 24, 40, 64)
"""sizes of a disk that is too small for any of the commands, kB"""

IN_A_SMALL_DISK = """
mount -t tmpfs -o size={kb}k none {disk} || exit 99
cd /
"$@"
status=$?
mount -o remount,size=64m {disk}
echo "==== $status"
"$@" || exit 98
cp -r {disk}/out {copy}
"""


def command_kills(place: Place) -> Outcome:
    """Killed at a random moment and called again, a command writes what it would have written."""
    outcome = Outcome(note="SIGKILL; data export, proposals, evaluate, train, generate")
    for number, (command, whole, takes_s) in _whole_runs(place):
        out = place.folder / f"killed_{number}"
        outcome.tries += 1
        process = started(command.command(out))
        time.sleep(place.choose.random() * takes_s)
        process.kill()
        process.communicate()
        _resume(outcome, command, out, whole)
    return outcome


def two_writers(place: Place) -> Outcome:
    """Two at once in one folder: one waits or is refused with a reason, and nothing is lost."""
    outcome = Outcome(note="data export, proposals, evaluate, train, generate")
    for number, (command, whole, _) in _whole_runs(place):
        out = place.folder / f"both_{number}"
        outcome.tries += 1
        first = started(command.command(out))
        time.sleep(place.choose.random() * 0.3)
        second = started(command.command(out))
        ended = [(one, one.communicate(timeout=PATIENCE_S)[0]) for one in (first, second)]
        failed = [(one.returncode, text) for one, text in ended if one.returncode]
        if any("Traceback" in text for _, text in failed) or len(failed) == 2:
            outcome.failures.append(f"{command.name}: {[last_line(text) for _, text in failed]}")
        elif command.content(out) != whole:
            outcome.failures.append(f"{command.name}: two writers made another folder than one")
        else:
            outcome.refused += bool(failed)
            outcome.survived += not failed
    return outcome


def disk_full(place: Place) -> Outcome:
    """On a full disk a command says so; called again with room, it writes what it must."""
    disk = place.folder / "disk"
    disk.mkdir()
    has_tmpfs = _in_small_disk(["true"], disk, place.folder / "tried", 100).returncode != 99
    outcome = Outcome(note="tmpfs in a namespace" if has_tmpfs else "RLIMIT_FSIZE: no namespaces")
    for number, (command, whole, _) in _whole_runs(place):
        outcome.tries += 1
        kb, out = place.choose.choice(FULL_KB), place.folder / f"full_{number}"
        if has_tmpfs:
            done = _in_small_disk(command.command(disk / "out"), disk, out, kb)
            said, _, again = done.stdout.partition("==== ")
            status = int(again.split()[0]) if again else done.returncode
        else:
            small = started(command.command(out), preexec_fn=_limited(kb))
            said, again = small.communicate(timeout=PATIENCE_S)[0], ""
            status = small.returncode
        if status and "Traceback" in said:
            outcome.failures.append(f"{command.name}, {kb} kB: {last_line(said)}")
        elif has_tmpfs and done.returncode:
            outcome.failures.append(f"{command.name}, {kb} kB, with room: {last_line(again)}")
        elif _resume(outcome, command, out, whole) and status:
            outcome.survived -= 1
            outcome.refused += 1
    return outcome


def _limited(kb: int) -> Callable[[], None]:
    """Lets a process write files of at most a sixteenth of `kb` kB."""
    limit = 64 * kb
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def _in_small_disk(
    command: list[str], disk: Path, copy: Path, kb: int
) -> subprocess.CompletedProcess[str]:
    """Runs a command that writes to a disk of `kb` kB, and then again with room."""
    script = IN_A_SMALL_DISK.format(kb=kb, disk=shlex.quote(str(disk)), copy=shlex.quote(str(copy)))
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
        env=ENVIRONMENT,
    )


def _whole_runs(place: Place) -> Iterator[tuple[int, tuple[Offline, object, float]]]:
    """`tries` runs of the commands by turns, each with what it writes undisturbed, and how fast."""
    runs = []
    with offline_commands(place) as commands:
        for command in commands:
            out = place.folder / f"whole_{command.name.replace(' ', '_')}"
            began = time.monotonic()
            process = started(command.command(out))
            text = process.communicate(timeout=PATIENCE_S)[0]
            assert process.returncode == 0, text
            runs.append((command, command.content(out), time.monotonic() - began))
        for number in range(place.tries):
            yield number, runs[number % len(runs)]


def _resume(outcome: Outcome, command: Offline, out: Path, whole: object) -> bool:
    """Calls a command again; whether its folder is as it must be."""
    process = started(command.command(out))
    text = process.communicate(timeout=PATIENCE_S)[0]
    if process.returncode:
        outcome.failures.append(f"{command.name}, called again: {last_line(text)}")
    elif command.content(out) != whole:
        outcome.failures.append(f"{command.name}: the folder is another one than without the fault")
    else:
        outcome.survived += 1
        shutil.rmtree(out)
        return True
    return False
