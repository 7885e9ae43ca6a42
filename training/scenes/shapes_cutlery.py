# SPDX-License-Identifier: Apache-2.0
"""Long thin things for table and bathroom: spoon, fork, knife, toothbrush."""

from __future__ import annotations

import numpy as np

from .colours import RGB, sample_accent, sample_colour, sample_metal, shade
from .mesh import Part, box, grid, move, ribbon, rotation, slab, tube
from .paint import Paint, between, layered


def _handle(length: float, width: float, paint: Paint | RGB, gloss: float) -> Part:
    """A flat handle along -x that ends at the origin, wide and round at its far end."""
    share = np.linspace(0, 1, 14)
    widths = width * np.interp(share, [0, 0.03, 0.08, 0.3, 0.8, 1], [0.3, 0.8, 1, 0.85, 0.5, 0.5])
    line = np.stack([(share - 1) * length, 0 * share], axis=1)
    heights = 0.004 + 0.006 * np.sin(share * np.pi)
    return ribbon(line, widths, 0.003, paint, heights=heights, gloss=gloss)


def _grip(metal: RGB, colour: RGB, length: float) -> Paint:
    """`metal`, with `colour` on the far two thirds of the handle where the two differ."""
    return layered(metal, (between(0, -1, -0.25 * length), colour))


def spoon(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A handle and an oval hollow bowl; of one material, or metal with a coloured grip."""
    length, wide, long = (
        rng.uniform(0.1, 0.115),
        rng.uniform(0.019, 0.022),
        rng.uniform(0.027, 0.03),
    )
    metal = colour if rng.random() < 0.6 else sample_metal(rng)
    radial = np.linspace(0, 1, 8)[:, None]
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)[None, :]
    x = long * 0.92 + long * radial * np.cos(turn)
    y = wide * radial * np.sin(turn) * (1 + 0.12 * np.cos(turn))
    depth = 0.011 * (radial**2 - 1) + 0 * turn + 0.012
    bowl = grid(np.stack([x, y, depth], axis=2), shade(metal, 0.85), wrap_columns=True, gloss=0.7)
    rim = np.stack([x[-1], y[-1], depth[-1]], axis=1)
    return (
        bowl,
        tube(rim, 0.0016, metal, sides=6, closed=True, gloss=0.6),
        _handle(length, 0.017, _grip(metal, colour, length), 0.6),
    )


def fork(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A handle, a palm and three or four separate tines."""
    length, wide = rng.uniform(0.1, 0.115), rng.uniform(0.032, 0.036)
    metal = colour if rng.random() < 0.6 else sample_metal(rng)
    share = np.linspace(0, 1, 8)
    palm = ribbon(
        np.stack([share * 0.03 - 0.002, 0 * share], axis=1),
        wide * np.interp(share, [0, 0.25, 0.6, 1], [0.25, 0.6, 0.97, 1]),
        0.003,
        metal,
        heights=0.003 - 0.001 * share,
        gloss=0.6,
    )
    parts = [palm, _handle(length, 0.017, _grip(metal, colour, length), 0.6)]
    count, tine = int(rng.integers(3, 5)), rng.uniform(0.034, 0.042)
    width = wide / (2 * count - 1) * 1.1
    for y in np.linspace(-(wide - width) / 2, (wide - width) / 2, count):
        line = np.stack([0.026 + share * tine, 0 * share + y], axis=1)
        widths = width * np.interp(share, [0, 0.7, 1], [1, 0.9, 0.3])
        parts.append(
            ribbon(line, widths, 0.003, metal, heights=0.002 + 0.007 * share**2, gloss=0.6)
        )
    return tuple(parts)


def knife(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A kitchen knife: a wide pointed steel blade and a riveted handle, lying flat."""
    length, wide = rng.uniform(0.095, 0.12), rng.uniform(0.024, 0.032)
    grip, metal = rng.uniform(0.07, 0.08), sample_metal(rng)
    share = np.linspace(0, 1, 16)
    belly = wide * (1 - share ** rng.uniform(2.2, 4.0))
    line = np.stack([share * length, wide / 2 - belly / 2], axis=1)

    def edge(points: np.ndarray) -> np.ndarray:
        below = wide / 2 - wide * (1 - np.clip(points[:, 0] / length, 0, 1) ** 3)
        return points[:, 1] < below + 0.2 * wide

    blade = ribbon(
        line, np.maximum(belly, 0.001), 0.0025, layered(metal, (edge, shade(metal, 1.3))), gloss=0.8
    )
    swell = np.interp(share, [0, 0.08, 0.3, 0.6, 0.9, 1], [0.9, 1, 0.9, 1, 1.15, 0.9])
    rivets = [
        (lambda p, x=x: (p[:, 0] - x) ** 2 + (p[:, 1] - wide * 0.1) ** 2 < 0.0025**2, metal)
        for x in (-0.25 * grip, -0.5 * grip, -0.75 * grip)
    ]
    body = np.stack([-share * grip, 0 * share + wide * 0.1], axis=1)
    handle = ribbon(body, wide * 0.68 * swell, 0.014, layered(colour, *rivets), gloss=0.25)
    return (blade.moved((0, 0, 0.006)), handle)


def toothbrush(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A slim coloured handle with a block of upright bristles at one end."""
    length, neck = rng.uniform(0.1, 0.115), rng.uniform(0.035, 0.045)
    share = np.linspace(0, 1, 18)
    radii = np.interp(
        share, [0, 0.05, 0.35, 0.6, 0.75, 1], [0.004, 0.0065, 0.0075, 0.006, 0.0038, 0.0038]
    )
    path = np.stack(
        [-length + share * (length + neck), 0 * share, 0.008 + 0.003 * np.sin(3 * share)], axis=1
    )
    accent = sample_accent(rng, colour)
    stripe = (lambda p: (np.abs(p[:, 1]) < 0.0028) & (p[:, 0] < -0.3 * length), accent)
    head = slab(0.042, 0.017, 0.005, 0.006, colour).moved((neck + 0.012, 0, 0.006))
    tuft = sample_colour(rng, str(rng.choice(["blue", "green", "red"])))
    middle = between(0, -0.006, 0.006)
    tips = layered((0.95, 0.95, 0.93), (middle, tuft))
    bristles = box((0.036, 0.014, 0.017), tips).moved((neck + 0.014, 0, 0.011))
    parts = (tube(path, radii, layered(colour, stripe), gloss=0.35), head, bristles)
    return move(parts, rotation=rotation("x", float(rng.choice([0.0, 80.0, -80.0]))))
