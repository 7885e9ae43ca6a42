# SPDX-License-Identifier: Apache-2.0
"""Objects on a table, written by hand."""

from __future__ import annotations

from llmseg_training.questions.made_up import MadeUpObject


def thing(
    name: str, index: int, x: float = 0.0, z: float = 1.0, visible_pixels: int = 500
) -> MadeUpObject:
    """A "red mug" at `x` metres to the right and `z` metres away, 10 cm large.

    The table is seen from 45 degrees above: what is farther away is also higher in the image, by
    400 pixels a metre.
    """
    colour, category = name.split()
    u, v = 160 + 300 * x, 120 - 400 * (z - 1.0)
    box = (int(u - 10), int(v - 10), int(u + 10), int(v + 10))
    return MadeUpObject(index, category, colour, box, visible_pixels, (x, 1.0 - z, z), 0.1)


def things(*names: str) -> list[MadeUpObject]:
    """Objects in a row from left to right, 15 cm apart, with ids from 1."""
    return [thing(name, index, 0.15 * index - 0.4) for index, name in enumerate(names, start=1)]
