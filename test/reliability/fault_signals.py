# SPDX-License-Identifier: Apache-2.0
"""SIGINT and SIGTERM at random moments, also twice in a row."""

from __future__ import annotations

import signal
import subprocess
import time

from helpers.pictures import picture, write_image
from helpers.programs import ASK, CAMERA, COMMAND_LINE, NODE, programs

from .fault import Outcome, Place, last_line

__all__ = ["signals"]

INTERRUPT, TERMINATE = signal.SIGINT, signal.SIGTERM
STOPS = ((INTERRUPT,), (TERMINATE,), (INTERRUPT, INTERRUPT), (TERMINATE, TERMINATE, INTERRUPT))
LATEST_S = 8.0
"""seconds after its start within which a program gets its signal"""

LIMIT_S = 4.0
"""about a second, on a busy machine"""


def signals(place: Place) -> Outcome:
    """Each program ends in time, with its exit status and without a traceback."""
    outcome = Outcome(note="node, camera, ask, llmseg segment")
    write_image(place.folder / "0.png", picture(0))
    image = str(place.folder / "0.png")
    commands = [
        ([*NODE, "--ros-args", "-p", f"model:={place.model}"], (0,)),
        ([*CAMERA, "--ros-args", "-p", f"source:={image}"], (0,)),
        ([*ASK, image], (0, 1)),  # 1 where it had refused the picture before
        ([*COMMAND_LINE, "segment", image, "mug", "--model", str(place.model)], (130, 0)),
    ]
    with programs(place.folder) as start:
        for number in range(place.tries):
            command, statuses = commands[number % len(commands)]
            stops = place.choose.choice(STOPS)
            program = start(*command)
            outcome.tries += 1
            program.wait_until_it_listens()
            end = time.monotonic() + place.choose.random() ** 2 * LATEST_S
            while time.monotonic() < end and program.is_running():
                time.sleep(0.01)
            began = time.monotonic()
            program.send(*stops)
            try:
                status = program.end(LIMIT_S)
            except subprocess.TimeoutExpired:
                status = None
            took_s = time.monotonic() - began
            program.kill()
            names = "+".join(stop.name for stop in stops)
            if status not in statuses or "Traceback" in program.output:
                outcome.failures.append(
                    f"{' '.join(command[1:3])}: {names} gave status {status} after {took_s:.1f} s: "
                    f"{last_line(program.output)}"
                )
            else:
                outcome.survived += 1
    return outcome
