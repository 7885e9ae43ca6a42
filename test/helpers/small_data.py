# SPDX-License-Identifier: Apache-2.0
"""A data folder of three small images with seven questions of every kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from llmseg_core.images.image_files import write_image
from llmseg_core.images.run_lengths import encode_mask

LEFT, RIGHT = (slice(8, 24), slice(6, 22)), (slice(20, 40), slice(30, 50))


def write_small_data(folder: Path) -> None:
    """Sizes differ; one sample lies in a sub-folder; "b" has ignored pixels and an absent thing."""
    records = [
        _record(folder, "a", (48, 64), [
            _question((48, 64), "what could I drink from?", LEFT, category="cup"),
            _question((48, 64), "the green thing", RIGHT, kind="phrase", category="book"),
            _question((48, 64), "cup", LEFT, kind="category", category="cup"),
        ]),
        _record(folder, "more/b", (56, 52), [
            _question((56, 52), "something to sit on, please", None),
            _question((56, 52), "the red thing on the left of all the other things in here that "
                      "stand about and are not red", LEFT, ignore=RIGHT, category="cup"),
        ]),
        _record(folder, "c", (48, 64), [
            _question((48, 64), "both things", LEFT, RIGHT, kind="phrase"),
            _question((48, 64), "book", RIGHT, kind="category", category="book"),
        ]),
    ]  # fmt: skip
    lines = "".join(f"{json.dumps(record)}\n" for record in records)
    (folder / "samples.jsonl").write_text(lines, encoding="utf-8")


def _record(
    folder: Path, name: str, size: tuple[int, int], questions: list[dict[str, Any]]
) -> dict[str, Any]:
    image = np.random.default_rng(len(name)).integers(90, 120, (*size, 3), dtype=np.uint8)
    image[LEFT], image[RIGHT] = (200, 30, 30), (30, 200, 60)
    write_image(folder / "images" / f"{name}.png", image)
    return {"name": name, "image": f"images/{name}.png", "questions": questions}


def _question(
    size: tuple[int, int],
    text: str,
    *places: tuple[slice, slice] | None,
    ignore: tuple[slice, slice] | None = None,
    **more: str,
) -> dict[str, Any]:
    question: dict[str, Any] = {"text": text, "mask": _mask(size, *places), **more}
    return question if ignore is None else {**question, "ignore": _mask(size, ignore)}


def _mask(size: tuple[int, int], *places: tuple[slice, slice] | None) -> dict[str, Any]:
    mask = np.zeros(size, dtype=bool)
    for place in places:
        if place is not None:
            mask[place] = True
    return encode_mask(mask)
