# SPDX-License-Identifier: Apache-2.0
"""Made-up tabletop objects: text about scenes without rendering any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .knowledge import CATEGORIES, COLOURS

IMAGE_SIZE: Final = 256
"""Side of the imagined image, pixels."""
FOCAL: Final = 300.0
"""Focal length of the imagined camera, pixels."""


@dataclass(frozen=True)
class MadeUpObject:
    """An object that satisfies `objects.SceneObject`."""

    id: int
    category: str
    colour: str
    box: tuple[int, int, int, int]
    visible_pixels: int
    position: tuple[float, float, float]
    size_m: float


def made_up_objects(
    rng: np.random.Generator, count: int, categories: Sequence[str] = CATEGORIES
) -> list[MadeUpObject]:
    """`count` random objects on a table seen from above at 45 degrees; some come in two colours."""
    objects: list[MadeUpObject] = []
    for index in range(count):
        category = str(rng.choice(categories))
        if objects and rng.random() < 0.25:
            category = objects[-1].category
        size = float(rng.uniform(0.05, 0.2))
        side, back = rng.uniform(-0.3, 0.3), rng.uniform(-0.25, 0.25)
        x, y, z = float(side), float(-back * 0.7), float(0.8 + back * 0.7)
        u, v = (IMAGE_SIZE / 2 + FOCAL * offset / z for offset in (x, y))
        half = FOCAL * size / z / 2
        box = (int(u - half), int(v - half), int(u + half), int(v + half))
        colour = str(rng.choice(COLOURS))
        visible = int(2 * half * half)
        objects.append(MadeUpObject(index, category, colour, box, visible, (x, y, z), size))
    return objects
