# SPDX-License-Identifier: Apache-2.0
"""A miniature of the folder format: coloured rectangles, and a question about each."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from llmseg_core.images.image_files import write_image
from llmseg_training.data import encode_mask

COLOURS = {"red": (220, 30, 30), "green": (40, 200, 60), "blue": (40, 60, 220)}


def write_folder_data(folder: Path, images: int, first: int = 0, absent: bool = False) -> Path:
    """Write `images` pictures of 60 x 40 pixels, each with two rectangles and two questions.

    Pictures have numbers from `first`; the same number gives the same picture. With `absent` there
    is a third question, which nothing fits.
    """
    lines = []
    for number in range(first, first + images):
        rng = np.random.default_rng(number)
        image = rng.integers(90, 130, (40, 60, 3), dtype=np.uint8)
        questions = []
        *there, away = (str(name) for name in rng.permutation(list(COLOURS)))
        for side, name in enumerate(there):
            left, top = 30 * side + int(rng.integers(2, 8)), int(rng.integers(2, 14))
            mask = np.zeros((40, 60), dtype=bool)
            mask[top : top + 20, left : left + 18] = True
            image[mask] = COLOURS[name]
            kind = ("instruction", "phrase", "category")[number % 3]
            questions.append({"text": f"the {name} thing", "kind": kind, "mask": encode_mask(mask)})
        if absent:
            questions.append({"text": f"the {away} thing", "kind": "phrase", "mask": []})
        write_image(folder / "images" / f"picture_{number}.png", image)
        record = {"image": f"images/picture_{number}.png", "questions": questions}
        lines.append(json.dumps(record))
    (folder / "samples.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
