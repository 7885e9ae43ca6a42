# SPDX-License-Identifier: Apache-2.0
"""Food: banana, apple, orange, carrot."""

from __future__ import annotations

import numpy as np

from .colours import RGB, sample_colour, shade
from .mesh import Part, ellipsoid, lathe, move, rotation, tube
from .noise import Noise
from .paint import Paint, between, layered, mottled, near


def banana(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A bent fruit lying on its side, thin at a dark stem and at a dark tip."""
    if colour[1] > 1.2 * colour[0]:
        colour = (rng.uniform(0.42, 0.52), rng.uniform(0.64, 0.72), rng.uniform(0.12, 0.22))
    length, thick = rng.uniform(0.15, 0.18), rng.uniform(0.016, 0.019)
    opening = np.radians(rng.uniform(75, 110))
    radius = length / opening
    turn = np.linspace(-opening / 2, opening / 2, 22)
    path = np.stack([radius * np.sin(turn), radius * (1 - np.cos(turn)), 0 * turn], axis=1)
    share = np.linspace(0, 1, 22)
    sizes = thick * np.interp(
        share,
        [0, 0.03, 0.1, 0.13, 0.25, 0.75, 0.95, 1],
        [0.34, 0.3, 0.33, 0.5, 0.95, 1, 0.45, 0.25],
    )
    dark, left, right = (0.28, 0.2, 0.1), path[0, 0], path[-1, 0]
    skin: Paint = mottled(colour, Noise(rng), 0.012, 0.1)
    if rng.random() < 0.6:
        spots = Noise(rng)
        skin = layered(
            skin,
            (
                lambda p: spots(p[:, 0] / 0.006, (p[:, 1] + p[:, 2]) / 0.004) > 0.93,
                (0.4, 0.27, 0.1),
            ),
        )
    green = (0.55, 0.66, 0.2)
    paint = layered(
        skin,
        (between(0, -1, left + 0.02 * length), green),
        (between(0, -1, left + 0.006), dark),
        (between(0, right - 0.006, 1), dark),
    )
    fruit = tube(path, sizes, paint, sides=10, gloss=0.2)
    return move((fruit,), rotation=rotation("x", rng.uniform(-8, 12)))


def apple(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A round fruit with a dimple, a stem and often a leaf."""
    if colour[1] > 1.2 * colour[0]:
        colour = (rng.uniform(0.4, 0.52), rng.uniform(0.64, 0.74), rng.uniform(0.12, 0.25))
    radius = rng.uniform(0.036, 0.043)
    bend = np.linspace(-90, 90, 22)
    angle = np.radians(bend)
    ring = radius * np.cos(angle) ** 0.85 * (1 + 0.06 * np.sin(angle))
    high = radius * 0.92 * np.sin(angle)
    high -= radius * 0.42 * np.exp(-((ring / (0.32 * radius)) ** 2)) * (bend > 0)
    high += radius * 0.25 * np.exp(-((ring / (0.32 * radius)) ** 2)) * (bend < 0)
    ring[0] = ring[-1] = 0
    streaks = Noise(rng)
    other = shade(colour, rng.uniform(1.1, 1.25))

    def streaked(points: np.ndarray) -> np.ndarray:
        turn = np.arctan2(points[:, 1], points[:, 0])
        return streaks(np.float32(7) * turn.astype(np.float32), points[:, 2] / 0.03) > 0.86

    skin = layered(
        mottled(colour, Noise(rng), 0.02, 0.12),
        (streaked, other),
        (near((0, 0, radius * 0.5), radius * 0.22), (0.6, 0.55, 0.25)),
    )
    base = radius * 0.45
    lean = rng.uniform(-0.008, 0.008)
    stem = tube(
        [(0, 0, base), (lean * 0.4, 0, base + 0.012), (lean, 0, base + 0.028)],
        [0.0016, 0.0018, 0.0028],
        (0.33, 0.2, 0.1),
        sides=8,
    )
    parts = [lathe(np.stack([ring, high], axis=1), skin, gloss=0.45, crease=180), stem]
    if rng.random() < 0.6:
        leaf = ellipsoid((0.017, 0.008, 0.0016), (0.25, 0.52, 0.14), segments=12)
        parts.append(leaf.moved((lean + 0.016, 0, base + 0.024), rotation("y", -18)))
    return move(parts, rotation=rotation("x", rng.uniform(-22, 22)))


def orange(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A ball of dimpled peel with a small green navel."""
    radius = rng.uniform(0.036, 0.042)
    pores = Noise(rng)

    def pitted(points: np.ndarray) -> np.ndarray:
        turn = np.arctan2(points[:, 1], points[:, 0]).astype(np.float32)
        return pores(14 * turn, points[:, 2] / 0.0026) > 0.8

    peel = layered(
        mottled(colour, Noise(rng), 0.03, 0.08),
        (pitted, shade(colour, 0.84)),
        (near((0, 0, radius * 0.97), radius * 0.2), (0.3, 0.42, 0.12)),
        (near((0, 0, radius * 0.97), radius * 0.1), (0.45, 0.33, 0.15)),
    )
    fruit = ellipsoid((radius, radius, radius * 0.96), peel, gloss=0.3)
    return move((fruit,), rotation=rotation("x", rng.uniform(-60, 60)))


def carrot(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A lying tapered root with rings and a tuft of green leaves."""
    length, thick = rng.uniform(0.12, 0.15), rng.uniform(0.016, 0.02)
    share = np.linspace(0, 1, 16)
    sizes = thick * np.interp(share, [0, 0.05, 0.2, 0.7, 1], [0.55, 0.95, 1, 0.6, 0.1])
    path = np.stack([share * length, 0.008 * np.sin(share * rng.uniform(1, 4)), 0 * share], axis=1)
    rings = Noise(rng)
    paint = layered(
        mottled(colour, Noise(rng), 0.02, 0.08),
        (
            lambda p: rings(p[:, 0] / 0.0035, np.arctan2(p[:, 1], p[:, 2]) * 1.2) > 0.8,
            shade(colour, 0.74),
        ),
    )
    parts = [tube(path, sizes, paint, gloss=0.15)]
    green = sample_colour(rng, "green")
    for _ in range(int(rng.integers(5, 9))):
        reach, side, lift = (
            rng.uniform(0.03, 0.055),
            rng.uniform(-0.02, 0.02),
            rng.uniform(-0.4, 0.8),
        )
        bend = np.linspace(0, 1, 6)
        stalk = np.stack(
            [-reach * bend, side * bend**1.4, thick * lift * np.sin(bend * 2.2)], axis=1
        )
        leaf = 0.0022 + 0.0035 * bend**2
        parts.append(tube(stalk, leaf, shade(green, float(rng.uniform(0.8, 1.2))), sides=6))
    return tuple(parts)
