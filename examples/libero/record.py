# SPDX-License-Identifier: Apache-2.0
"""Records scenes of LIBERO: images, masks of instances, depth, and where everything stands.

RECORDING/TASK/0003.json         what was recorded; written last, so that it stands for the rest
RECORDING/TASK/0003_scene.png    the image of the scene camera, RGB
RECORDING/TASK/0003_scene_numbers.png  8 bit, the number of the thing in each pixel, 0 elsewhere
RECORDING/TASK/0003_scene_depth.png    16 bit, millimetres along the optical axis
(and the same three of the wrist camera)

An interrupted recording goes on where it stopped; what is there is not rendered again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import cv2
import numpy as np

from .guests import choose_guests, movable_categories, with_guests
from .tasks import LEARNING_SUITE, SPLITS, Task, suite_tasks, task_split

__all__ = ["main", "record_task"]

SIZES = ((256, 256), (320, 240))
"""(W, H) pixels, by turns"""
FARTHEST_MM = 2**16 - 1


def record_task(task: Task, folder: Path, shots: int, vary: bool, known: Sequence[str] = ()) -> int:
    """Record what is missing of a task's first `shots` scenes.

    Args:
        task: of a suite.
        folder: of the recording.
        shots: scenes; each begins with another initial state.
        vary: whether to rearrange things and change looks in two scenes of three.
        known: categories of which some come as guests into one varied scene of two.

    Returns:
        How many were recorded now.
    """
    missing = [shot for shot in range(shots) if not _whole(folder, task, shot).exists()]
    (folder / task.name).mkdir(parents=True, exist_ok=True)
    visits = [shot for shot in missing if vary and known and shot % 3 == 2]
    _record(task, folder, [shot for shot in missing if shot not in visits], vary)
    if visits:
        guests = choose_guests(task, known, np.random.default_rng(crc32(task.name.encode())))
        with TemporaryDirectory() as place:
            _record(with_guests(task, guests, Path(place)), folder, visits, vary)
    return len(missing)


def _record(task: Task, folder: Path, shots: Sequence[int], vary: bool) -> None:
    if not shots:
        return
    from .simulation import Simulation
    from .variation import Looks, move_arm, rearrange

    simulation = Simulation(task)
    looks = Looks(simulation)
    for shot in shots:
        rng = np.random.default_rng([crc32(task.name.encode()), shot])
        looks.restore()
        simulation.set_state(shot)
        simulation.step(5)
        move_arm(simulation, rng)
        varied = vary and shot % 3 != 0
        if varied:
            rearrange(simulation, rng)
            looks.vary(rng)
        _write(simulation, folder, shot, SIZES[shot % len(SIZES)], varied)
    simulation.close()


def _whole(folder: Path, task: Task, shot: int) -> Path:
    return folder / task.name / f"{shot:04d}.json"


def _write(simulation: Any, folder: Path, shot: int, size: tuple[int, int], varied: bool) -> None:
    from .simulation import CAMERAS

    index = _whole(folder, simulation.task, shot)
    record: dict[str, Any] = {
        "task": simulation.task.name,
        "scene": simulation.task.scene,
        "sentence": simulation.sentence,
        "target": simulation.target,
        "varied": varied,
        "things": {},
        "cameras": {},
    }
    for thing in simulation.things():
        low, high = simulation.extent(thing.name)
        record["things"][thing.name] = {
            "category": thing.category,
            "number": thing.number,
            "movable": thing.movable,
            "low": low.round(4).tolist(),
            "high": high.round(4).tolist(),
        }
    for camera in CAMERAS:
        view = simulation.view(camera, size)
        start = str(index.with_suffix("")) + f"_{camera}"
        millimetres = np.clip(view.depth * 1000, 0, FARTHEST_MM).round().astype(np.uint16)
        for ending, pixels in (
            ("", view.image[..., ::-1]),
            ("_numbers", view.numbers),
            ("_depth", millimetres),
        ):
            if not cv2.imwrite(f"{start}{ending}.png", pixels):
                raise OSError(f"{start}{ending}.png cannot be written")
        record["cameras"][camera] = {
            "intrinsics": view.intrinsics.tolist(),
            "pose": view.pose.tolist(),
        }
    partial = index.with_suffix(".part")
    partial.write_text(json.dumps(record))
    partial.replace(index)


def main(arguments: list[str] | None = None) -> int:
    """`python -m examples.libero.record build/libero/train --split train`."""
    parser = argparse.ArgumentParser(prog="examples.libero.record", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("recording", type=Path, help="folder, made or completed")
    parser.add_argument("--suite", default=LEARNING_SUITE, help="of LIBERO (%(default)s)")
    parser.add_argument("--split", default="all", choices=[*SPLITS, "all"], help="(%(default)s)")
    parser.add_argument("--tasks", type=int, help="the first so many; all if left out")
    parser.add_argument("--shots", type=int, default=6, help="scenes a task (%(default)s)")
    parser.add_argument(
        "--vary", action="store_true", help="in two scenes of three other places, looks and company"
    )
    options = parser.parse_args(arguments)
    try:
        split = suite_tasks(options.suite, options.split)
        known, tasks = movable_categories(split), split[: options.tasks]
        for place, task in enumerate(tasks, 1):
            start = time.monotonic()
            made = record_task(task, options.recording, options.shots, options.vary, known)
            print(
                f"{place} of {len(tasks)}: {task.name} ({task_split(task)}): {made} recorded in "
                f"{time.monotonic() - start:.0f} s",
                flush=True,
            )
    except ImportError as error:
        print(f"error: {error}; LIBERO is in .venv-libero: make libero", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
