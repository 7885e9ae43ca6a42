# SPDX-License-Identifier: Apache-2.0
"""Toys and things to wear or wash with: car, duck, bear, blocks, rings, comb, cap, rolled towel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .colours import RGB, VIVID, sample_accent, sample_colour, shade
from .mesh import Part, box, ellipsoid, lathe, move, ribbon, rotation, slab, tube
from .noise import Noise
from .paint import between, layered, mottled

_DARK: RGB = (0.07, 0.07, 0.08)


def toy_car(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A small car: a body, a cabin with windows, four wheels."""
    long, wide, high = rng.uniform(0.085, 0.1), rng.uniform(0.04, 0.046), rng.uniform(0.018, 0.022)
    wheel = rng.uniform(0.011, 0.013)
    stripe = (lambda p: np.abs(p[:, 1]) < 0.12 * wide, sample_accent(rng, colour))
    paint = layered(colour, stripe) if rng.random() < 0.4 else colour
    body = slab(long, wide, high, 0.011, paint, gloss=0.6).moved((0, 0, wheel * 0.7))
    share = np.linspace(0, 1, 8)
    line = np.stack([(share - 0.56) * long * 0.55, 0 * share], axis=1)
    window = (between(2, 0.004, 0.015), (0.15, 0.2, 0.26))
    cabin = ribbon(line, wide * 0.84, 0.019, layered(shade(colour, 0.95), window), gloss=0.6)
    parts = [body, cabin.moved((0, 0, wheel * 0.7 + high))]
    hub = (lambda p: np.hypot(p[:, 0], p[:, 1]) < wheel * 0.45, (0.8, 0.8, 0.8))
    for x in (-0.3, 0.3):
        for side in (-1, 1):
            disc = lathe([(0, -0.005), (wheel, -0.005), (wheel, 0.005), (0, 0.005)],
                         layered(_DARK, hub), segments=20)  # fmt: skip
            parts.append(disc.moved((x * long, side * wide * 0.48, wheel), rotation("x", 90)))
    return tuple(parts)


def duck(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A bath duck: body, head, orange beak, eyes and a tail."""
    size = rng.uniform(0.034, 0.042)
    body = ellipsoid((size * 1.2, size * 0.95, size * 0.8), colour, segments=30, gloss=0.5)
    head = ellipsoid((size * 0.62,) * 3, colour, segments=26, gloss=0.5)
    beak = ellipsoid((size * 0.38, size * 0.26, size * 0.1), (0.95, 0.5, 0.1), segments=16)
    tail = ellipsoid((size * 0.4, size * 0.3, size * 0.18), colour, segments=16, gloss=0.5)
    x, z = size * 0.62, size * 1.5
    parts = [
        body.moved((0, 0, size * 0.8)),
        head.moved((x, 0, z)),
        beak.moved((x + size * 0.68, 0, z - size * 0.05)),
        tail.moved((-size * 1.2, 0, size * 1.15), rotation("y", 30)),
    ]
    for side in (-1, 1):
        eye = ellipsoid((size * 0.1,) * 3, (0.04, 0.04, 0.05), segments=12, gloss=0.9)
        parts.append(eye.moved((x + size * 0.46, side * size * 0.3, z + size * 0.2)))
        wing = ellipsoid((size * 0.6, size * 0.12, size * 0.36), shade(colour, 0.93), segments=18)
        parts.append(wing.moved((-size * 0.15, side * size * 0.9, size * 0.9)))
    return tuple(parts)


def teddy(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A sitting plush bear: body, head with ears and snout, four limbs."""
    size = rng.uniform(0.03, 0.036)
    fur = mottled(colour, Noise(rng), 0.003, 0.22)
    pale = shade(colour, 1.3) if sum(colour) < 2 else shade(colour, 0.8)

    def lump(radii: Sequence[float], place: Sequence[float], light: bool = False) -> Part:
        paint = mottled(pale, Noise(rng), 0.003, 0.15) if light else fur
        part = ellipsoid([size * radius for radius in radii], paint, segments=22, gloss=0.0)
        return part.moved([size * value for value in place])

    parts = [
        lump((0.95, 0.85, 1.1), (0, 0, 1.1)),
        lump((0.8, 0.78, 0.74), (0, -0.1, 2.7)),
        lump((0.36, 0.34, 0.3), (0, -0.78, 2.55), light=True),
        lump((0.62, 0.2, 0.7), (0, -0.72, 1.1), light=True),
    ]
    for side in (-1, 1):
        parts.append(lump((0.3, 0.14, 0.3), (side * 0.62, 0, 3.3)))
        parts.append(lump((0.34, 0.8, 0.36), (side * 0.68, -1.0, 0.4)))
        parts.append(lump((0.3, 0.3, 0.72), (side * 1.05, -0.25, 1.35)))
        eye = ellipsoid((size * 0.09,) * 3, (0.03, 0.03, 0.03), segments=10, gloss=0.9)
        parts.append(eye.moved((side * size * 0.3, -size * 0.78, size * 2.88)))
    nose = ellipsoid((size * 0.12, size * 0.08, size * 0.09), (0.05, 0.04, 0.04), segments=10)
    return (*parts, nose.moved((0, -size * 1.1, size * 2.65)))


def toy_brick(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A plastic building brick with studs in two rows."""
    pitch, count = rng.uniform(0.017, 0.021), int(rng.integers(2, 5))
    high = pitch * 1.15
    parts = [box((count * pitch, 2 * pitch, high), colour, gloss=0.55)]
    for column in range(count):
        for row in (-0.5, 0.5):
            stud = lathe(
                [(pitch * 0.3, 0), (pitch * 0.3, pitch * 0.22), (0, pitch * 0.22)],
                colour,
                segments=16,
                gloss=0.55,
            )
            x = (column - (count - 1) / 2) * pitch
            parts.append(stud.moved((x, row * pitch, high)))
    return tuple(parts)


def ring_tower(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A toddler's tower: rings that get smaller, the lowest in the colour, on a peg."""
    count, radius = int(rng.integers(3, 6)), rng.uniform(0.038, 0.046)
    parts, height = [], 0.006
    names = [str(name) for name in rng.permutation(VIVID)]
    parts.append(lathe([(0, 0), (radius * 1.05, 0), (radius * 1.05, 0.006), (0, 0.006)], colour))
    for number in range(count):
        wide = radius * (1 - 0.16 * number)
        tone = colour if number < 2 else sample_colour(rng, names[number])
        turn = np.linspace(0, 2 * np.pi, 30, endpoint=False)
        thick = 0.0095
        height += thick
        line = np.stack([(wide - thick) * np.cos(turn), (wide - thick) * np.sin(turn),
                         height + 0 * turn], axis=1)  # fmt: skip
        parts.append(tube(line, thick, tone, sides=12, closed=True, gloss=0.5))
        height += thick * 0.85
    peg = [(0.006, 0.006), (0.006, height + 0.008), (0, height + 0.014)]
    return (*parts, lathe(peg, (0.93, 0.9, 0.82), segments=16))


def spinning_top(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A top with rings of two colours and a stem, leaning on its tip and rim."""
    radius = rng.uniform(0.026, 0.033)
    bands = (lambda p: (np.hypot(p[:, 0], p[:, 1]) % 0.012) < 0.005, sample_accent(rng, colour))
    body = [(0, 0), (radius * 0.25, radius * 0.3), (radius, radius * 0.75), (radius, radius * 0.9)]
    body += [(radius * 0.3, radius * 1.1), (radius * 0.13, radius * 1.2)]
    body += [(radius * 0.13, radius * 1.8), (0, radius * 1.85)]
    top = lathe(body, layered(colour, bands), gloss=0.55, crease=40)
    return move((top,), rotation=rotation("x", float(rng.uniform(38, 50))))


def comb(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A flat comb: a spine and a row of thin teeth."""
    long, teeth = rng.uniform(0.12, 0.15), int(rng.integers(18, 26))
    parts = [slab(long, 0.012, 0.004, 0.004, colour, gloss=0.45)]
    step = long * 0.92 / teeth
    for number in range(teeth):
        tooth = box((step * 0.5, 0.022, 0.0032), colour, gloss=0.45)
        parts.append(tooth.moved(((number - (teeth - 1) / 2) * step, -0.016, 0.0004)))
    return tuple(parts)


def hairbrush(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """An oval head full of pins and a handle, pins up."""
    long, wide = rng.uniform(0.045, 0.052), rng.uniform(0.028, 0.033)
    head = ellipsoid((long, wide, 0.009), colour, power=0.7, segments=28, gloss=0.4)
    pad = ellipsoid((long * 0.86, wide * 0.82, 0.004), (0.85, 0.8, 0.75), segments=24)
    parts = [head.moved((0, 0, 0.009)), pad.moved((0, 0, 0.017))]
    for x in np.linspace(-0.62, 0.62, 7):
        for y in np.linspace(-0.55, 0.55, 5):
            if x * x + y * y < 0.55:
                pin = tube([(0, 0, 0.018), (0, 0, 0.032)], 0.0013, _DARK, sides=5)
                parts.append(pin.moved((x * long, y * wide, 0)))
    path = [(-long, 0, 0.009), (-long - 0.05, 0, 0.01), (-long - 0.095, 0, 0.009)]
    return (*parts, tube(path, [0.008, 0.0075, 0.01], colour, flatten=0.7, gloss=0.4))


def cap(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A baseball cap: a dome with seams and a button, and a peak in front."""
    radius = rng.uniform(0.055, 0.065)
    bend = np.linspace(0, np.pi / 2, 12)
    dome = np.stack([radius * np.cos(bend), radius * 0.8 * np.sin(bend)], axis=1)
    seams = (lambda p: np.abs(np.sin(3 * np.arctan2(p[:, 1], p[:, 0]))) < 0.06, shade(colour, 0.7))
    peak_colour = sample_accent(rng, colour) if rng.random() < 0.4 else shade(colour, 0.9)
    share = np.linspace(0, 1, 12)
    line = np.stack([radius * 0.75 + share * 0.055, 0 * share], axis=1)
    wide = 2 * radius * np.sqrt(np.clip(1 - (0.88 * share) ** 2, 0, 1)) * 0.85
    peak = ribbon(line, wide, 0.003, peak_colour, heights=0.002 + 0.004 * (1 - share))
    button = ellipsoid((0.006, 0.006, 0.004), peak_colour, segments=12)
    return (
        lathe(dome, layered(colour, seams), gloss=0.0, segments=44),
        peak,
        button.moved((0, 0, radius * 0.8)),
    )


def towel(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A rolled towel with stripes at one end; its spiral shows at the sides."""
    radius, half = rng.uniform(0.026, 0.032), rng.uniform(0.055, 0.07)
    noise, accent = Noise(rng), sample_accent(rng, colour)

    def loops(points: np.ndarray) -> np.ndarray:
        return noise(points[:, 2] * 500, np.arctan2(points[:, 1], points[:, 0]) * 18) > 0.6

    def bands(points: np.ndarray) -> np.ndarray:
        return (np.abs(points[:, 2] - half * 0.7) < 0.012) & ((points[:, 2] % 0.008) < 0.004)

    def spiral(points: np.ndarray) -> np.ndarray:
        reach = np.hypot(points[:, 0], points[:, 1])
        turn = np.arctan2(points[:, 1], points[:, 0]) / (2 * np.pi)
        return (np.abs(points[:, 2]) > half * 0.995) & ((reach / 0.0075 + turn) % 1 < 0.3)

    profile = [(0, -half), (radius, -half), (radius, half), (0, half)]
    dark = shade(colour, 0.55)
    paint = layered(colour, (loops, shade(colour, 0.85)), (bands, accent), (spiral, dark))
    roll = lathe(profile, paint, gloss=0.0)
    return move((roll,), rotation=rotation("y", 90))
