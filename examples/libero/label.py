# SPDX-License-Identifier: Apache-2.0
"""Makes questions with masks of a recording of LIBERO: a folder that every command reads as data.

Runs in the project's own environment; LIBERO is not needed. Three kinds of questions:

names    "the alphabet soup", in several wordings
places   "the bowl between the plate and the stove", from where everything stands; those that
         single out one of several alike things first
tasks    the recorded task's own sentence, and others like it; they mean what is to be taken
absent   things of libero_90 that are not there: nothing fits
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from zlib import crc32

import cv2
import numpy as np

from llmseg_core.images.run_lengths import encode_mask

from .names import names_of
from .places import Placed
from .wordings import Wording, absent_wordings, name_wordings, place_wordings, task_wordings

__all__ = ["label_recording", "main"]

LEAST_SHARE = 0.0006
"""of an image's pixels; what shows less of itself is not asked about"""
PLACES, TASKS, ABSENT = 8, 8, 2
"""most questions of a kind an image"""
LOST_BELOW = 0.15
"""metres that something may lie below the others; then it fell from the table"""


def label_recording(recording: Path, folder: Path, plain: bool) -> Counter[str]:
    """Write `folder`/samples.jsonl and link the images beside it.

    Args:
        recording: by `examples.libero.record`.
        folder: made anew.
        plain: ask by usual names and by the recorded task's sentence only, as one judges.

    Returns:
        How many images, and questions of each kind.

    Raises:
        FileNotFoundError: if there is no recording.
    """
    records = sorted(recording.glob("*/*.json"))
    if not records:
        raise FileNotFoundError(f"{recording} has no recorded scene TASK/0000.json")
    (folder / "images").mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    lines = []
    for file in records:
        record = json.loads(file.read_text())
        for camera in record["cameras"]:
            start = f"{file.parent.name}/{file.stem}_{camera}"
            numbers = _numbers(recording / f"{start}_numbers.png")
            rng = np.random.default_rng(crc32(start.encode()))
            wordings = _wordings(record, numbers, rng, plain)
            image = Path("images") / f"{start}.png"
            place = folder / image
            place.parent.mkdir(exist_ok=True)
            place.unlink(missing_ok=True)
            place.hardlink_to(recording / f"{start}.png")
            questions = [_question(each, record, numbers) for each in wordings]
            if not questions:
                continue
            lines.append(json.dumps({"name": start, "image": str(image), "questions": questions}))
            counts.update(["images", *(each.group for each in wordings)])
    partial = folder / "samples.jsonl.part"
    partial.write_text("\n".join(lines) + "\n")
    partial.replace(folder / "samples.jsonl")
    return counts


def _numbers(file: Path) -> np.ndarray:
    """(H, W) uint8, the number of the thing in each pixel."""
    numbers = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if numbers is None or numbers.ndim != 2 or numbers.dtype != np.uint8:
        raise ValueError(f"{file} is no PNG of 8 bit: remove its scene's .json and record again")
    return numbers


def _wordings(
    record: dict[str, Any], numbers: np.ndarray, rng: np.random.Generator, plain: bool
) -> list[Wording]:
    """What is asked about an image; each text once, and only of what can be seen."""
    least = LEAST_SHARE * numbers.size
    pixels = np.bincount(numbers.ravel(), minlength=256)
    things = _things(record)
    seen = {name for name, thing in record["things"].items() if pixels[thing["number"]] >= least}
    target = record["target"]
    own = [Wording(record["sentence"], "instruction", (target,), "task")] * (target in seen)
    if plain:
        asked = [*own, *_usual_names(things)]
    else:
        asked = [
            *own,
            *name_wordings(things, rng),
            *place_wordings(things, rng, 3 * PLACES),
            *task_wordings(things, rng, 3 * TASKS),
        ]
    kept: dict[str, Wording] = {}
    limits = {"place": PLACES, "task": TASKS}
    for wording in asked:
        some = tuple(name for name in wording.targets if name in seen)
        room = limits.get(wording.group, 100) > sum(w.group == wording.group for w in kept.values())
        if some and room and wording.text not in kept:
            kept[wording.text] = Wording(wording.text, wording.kind, some, wording.group)
    every = [*things, *_lost(record, things)]
    for wording in absent_wordings(every, rng, ABSENT):
        kept.setdefault(wording.text, wording)
    return list(kept.values())


def _usual_names(things: list[Placed]) -> list[Wording]:
    """Each category by its usual name."""
    called: dict[str, list[str]] = {}
    for thing in things:
        called.setdefault(names_of(thing.category)[0], []).append(thing.name)
    return [
        Wording(f"the {name}", "phrase", tuple(names), "name") for name, names in called.items()
    ]


def _things(record: dict[str, Any]) -> list[Placed]:
    """What stands on the table: what fell from it belongs to no sentence."""
    placed = [
        Placed(
            name, each["category"], np.array(each["low"]), np.array(each["high"]), each["movable"]
        )
        for name, each in record["things"].items()
    ]
    table = float(np.median([each.low[2] for each in placed]))
    return [each for each in placed if each.low[2] > table - LOST_BELOW]


def _lost(record: dict[str, Any], things: list[Placed]) -> list[Placed]:
    kept = {each.name for each in things}
    zero = np.zeros(3)
    return [
        Placed(name, each["category"], zero, zero, each["movable"])
        for name, each in record["things"].items()
        if name not in kept
    ]


def _question(wording: Wording, record: dict[str, Any], numbers: np.ndarray) -> dict[str, Any]:
    wanted = [record["things"][name]["number"] for name in wording.targets]
    return {
        "text": wording.text,
        "kind": wording.kind,
        "category": wording.group,
        "mask": encode_mask(np.isin(numbers, wanted)),
    }


def main(arguments: list[str] | None = None) -> int:
    """`python -m examples.libero.label build/libero/recordings/train build/libero/train`."""
    parser = argparse.ArgumentParser(prog="examples.libero.label", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("recording", type=Path, help="by examples.libero.record")
    parser.add_argument("folder", type=Path, help="gets images and samples.jsonl")
    parser.add_argument(
        "--plain", action="store_true", help="usual names and the task's own sentence only"
    )
    options = parser.parse_args(arguments)
    try:
        counts = label_recording(options.recording, options.folder, options.plain)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
