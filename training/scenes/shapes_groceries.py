# SPDX-License-Identifier: Apache-2.0
"""Groceries: milk carton, cereal box, egg, lemon, tomato, pear, cheese, donut, aubergine, soap."""

from __future__ import annotations

import numpy as np

from .colours import RGB, sample_accent, sample_colour, shade
from .mesh import Part, box, ellipsoid, grid, lathe, move, rotation, slab, tube
from .noise import Noise
from .paint import Paint, between, every, layered, mottled, near


def _stem(length: float, radius: float) -> Part:
    path = [(0, 0, 0), (0.001, 0, length * 0.6), (0.003, 0.001, length)]
    return tube(path, radius, (0.32, 0.24, 0.13), sides=7)


def milk_carton(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A tall carton with a gable top, printed in bands."""
    side, high = rng.uniform(0.048, 0.058), rng.uniform(0.11, 0.14)
    accent = sample_accent(rng, colour)
    low = float(rng.uniform(0.25, 0.5)) * high
    band = between(2, low, low + rng.uniform(0.2, 0.35) * high)
    disc = near((0, -side / 2, high * 0.72), side * 0.24)
    paint = layered(colour, (band, accent), (disc, accent))
    half, roof = side / 2, side * 0.45
    left, right = (-half, half)
    slope = [
        [[left, -half, 0], [right, -half, 0]],
        [[left, -0.002, roof], [right, -0.002, roof]],
        [[left, -0.002, roof + 0.014], [right, -0.002, roof + 0.014]],
        [[left, 0.002, roof + 0.014], [right, 0.002, roof + 0.014]],
        [[left, 0.002, roof], [right, 0.002, roof]],
        [[left, half, 0], [right, half, 0]],
    ]
    top = grid(np.array(slope, dtype=float), shade(colour, 0.95), gloss=0.2).moved((0, 0, high))
    parts = [box((side, side, high), paint, gloss=0.25), top]
    for sign in (left, right):
        gable = [[[sign, -half, 0], [sign, half, 0]], [[sign, 0, roof], [sign, 0.001, roof]]]
        parts.append(grid(np.array(gable, dtype=float), shade(colour, 0.85)).moved((0, 0, high)))
    if rng.random() < 0.5:
        cap = lathe([(0.009, 0), (0.009, 0.008), (0, 0.008)], accent, segments=16)
        tilt = rotation("x", 42)
        parts.append(cap.moved((0, -half * 0.55, high + roof * 0.5), tilt))
    return move(parts, rotation=rotation("x", 90)) if rng.random() < 0.15 else tuple(parts)


def cereal_box(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A tall flat packet with a picture and a title on its front, standing or lying."""
    wide, deep, high = rng.uniform(0.085, 0.11), rng.uniform(0.03, 0.04), rng.uniform(0.12, 0.15)
    accent, third = sample_accent(rng, colour), sample_colour(rng, "yellow")

    def front(points: np.ndarray) -> np.ndarray:
        return np.abs(points[:, 1]) > 0.49 * deep

    middle = between(0, -0.36 * wide, 0.36 * wide)
    title = every(front, between(2, 0.68 * high, 0.85 * high), middle)
    spot = rng.uniform(0.25, 0.4) * high, rng.uniform(0.22, 0.34) * wide

    def picture(points: np.ndarray) -> np.ndarray:
        return np.hypot(points[:, 0], points[:, 2] - spot[0]) < spot[1]

    letters = int(rng.integers(4, 8))

    def text(points: np.ndarray) -> np.ndarray:
        place = points[:, 0] / (0.66 * wide) * letters
        return (np.abs(place % 1 - 0.5) < 0.32) & (np.abs(points[:, 2] / high - 0.765) < 0.045)

    paint = layered(
        colour,
        (every(front, picture), third),
        (title, accent),
        (every(title, text), shade(colour, 0.6)),
    )
    packet = (box((wide, deep, high), paint, gloss=0.25),)
    return move(packet, rotation=rotation("x", 90)) if rng.random() < 0.4 else packet


def egg(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """An egg, lying; one end is narrower."""
    long, radius = rng.uniform(0.027, 0.03), rng.uniform(0.02, 0.0225)
    bend = np.linspace(-np.pi / 2, np.pi / 2, 16)
    wide = radius * np.cos(bend) * (1 - 0.16 * np.sin(bend))
    profile = np.stack([np.maximum(wide, 0), long * np.sin(bend)], axis=1)
    shell = mottled(colour, Noise(rng), 0.004, rng.uniform(0, 0.06))
    return move((lathe(profile, shell, gloss=0.2, crease=90),), rotation=rotation("y", 90))


def lemon(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """An oval fruit with a nipple at one end and pitted skin."""
    long, radius = rng.uniform(0.034, 0.04), rng.uniform(0.024, 0.028)
    bend = np.linspace(-np.pi / 2, np.pi / 2, 18)
    profile = np.stack([radius * np.cos(bend) ** 0.9, long * np.sin(bend)], axis=1)
    profile[0, 0] = profile[-1, 0] = 0
    profile[-2:, 1] += 0.006
    skin = mottled(colour, Noise(rng), 0.003, 0.1)
    return move((lathe(profile, skin, gloss=0.3, crease=90),), rotation=rotation("y", 90))


def tomato(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A flattened glossy ball with a green star on top."""
    radius = rng.uniform(0.03, 0.038)
    body = ellipsoid((radius, radius, radius * 0.82), colour, segments=32, gloss=0.7)
    parts = [body]
    for turn in range(0, 360, 72):
        leaf = tube(
            [(0, 0, 0), (radius * 0.3, 0, 0.002), (radius * 0.55, 0, -0.003)],
            [0.004, 0.004, 0.001],
            (0.16, 0.38, 0.13),
            sides=6,
            flatten=0.4,
        )
        parts.append(leaf.moved((0, 0, radius * 0.82), rotation("z", turn)))
    return (*parts, _stem(0.01, 0.002).moved((0, 0, radius * 0.8)))


def pear(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A fruit that is round below and narrow above, standing or lying."""
    radius, height = rng.uniform(0.03, 0.035), rng.uniform(0.078, 0.09)
    share = np.linspace(0, 1, 20)
    wide = np.interp(share, [0, 0.1, 0.3, 0.5, 0.72, 0.9, 1], [0.3, 0.8, 1, 0.88, 0.5, 0.38, 0])
    profile = np.stack([radius * wide, height * share], axis=1)
    profile = np.concatenate([[[0, 0.003]], profile])
    blush = mottled(colour, Noise(rng), 0.03, 0.2)
    parts = (
        lathe(profile, blush, gloss=0.25, crease=90),
        _stem(0.018, 0.0018).moved((0, 0, height * 0.98)),
    )
    return move(parts, rotation=rotation("y", 80)) if rng.random() < 0.4 else parts


def cheese(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A wedge with holes."""
    long, wide, high = rng.uniform(0.075, 0.09), rng.uniform(0.05, 0.06), rng.uniform(0.03, 0.04)
    spots = rng.uniform([0.1, -0.3, 0.1], [0.9, 0.3, 0.9], size=(14, 3)) * [long, wide, high]
    sizes = rng.uniform(0.004, 0.009, size=len(spots))

    def holes(points: np.ndarray) -> np.ndarray:
        offset = points[:, None] - spots.astype(np.float32)
        return (np.linalg.norm(offset, axis=2) < sizes + 0.004).any(axis=1)

    paint: Paint = layered(colour, (holes, shade(colour, 0.72)))
    low = np.array([(0, 0, 0), (long, -wide / 2, 0), (long, wide / 2, 0)])
    up = np.array([0, 0, high])
    walls = []
    for first, second in ((0, 1), (1, 2), (2, 0)):
        steps = np.linspace(0, 1, 2)[:, None]
        line = low[first] + (low[second] - low[first]) * steps
        walls.append(grid(np.stack([line, line + up]), paint, gloss=0.15))
    for face in (low, low + up):
        walls.append(grid(np.array([[face[0], face[0]], [face[1], face[2]]]), paint, gloss=0.15))
    return tuple(walls)


def donut(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A ring of dough with icing of the colour, plain or with sprinkles."""
    radius, thick = rng.uniform(0.026, 0.032), rng.uniform(0.013, 0.016)
    turn = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    line = np.stack([radius * np.cos(turn), radius * np.sin(turn), thick + 0 * turn], axis=1)
    dough, noise = (0.78, 0.55, 0.3), Noise(rng)

    def iced(points: np.ndarray) -> np.ndarray:
        wave = 0.2 * np.sin(5 * np.arctan2(points[:, 1], points[:, 0]))
        return points[:, 2] > thick * (1.05 + wave)

    def sprinkled(points: np.ndarray) -> np.ndarray:
        return iced(points) & (noise(points[:, 0] * 420, points[:, 1] * 420) > 0.8)

    layers = [(iced, colour)]
    if rng.random() < 0.6:
        layers.append((sprinkled, sample_accent(rng, colour)))
    ring = tube(line, thick, layered(dough, *layers), sides=18, closed=True, gloss=0.3)
    return (ring,)


def aubergine(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A long glossy vegetable with a green cap, lying."""
    radius, height = rng.uniform(0.024, 0.03), rng.uniform(0.11, 0.13)
    share = np.linspace(0, 1, 16)
    wide = np.interp(share, [0, 0.08, 0.3, 0.7, 0.95, 1], [0, 0.75, 1, 0.75, 0.55, 0.5])
    body = lathe(np.stack([radius * wide, height * share], axis=1), colour, gloss=0.9, crease=90)
    cap = [(radius * 0.7, 0.9 * height), (radius * 0.6, height), (0, 1.03 * height)]
    green = (0.2, 0.4, 0.16)
    top = lathe(cap, green, segments=20)
    stem = tube([(0, 0, height), (0.004, 0, height * 1.14)], 0.004, green, sides=8)
    return move((body, top, stem), rotation=rotation("y", 90))


def cucumber(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A long green vegetable with stripes and warts, lying and a little bent."""
    length, radius = rng.uniform(0.14, 0.165), rng.uniform(0.015, 0.019)
    share = np.linspace(0, 1, 16)
    path = np.stack(
        [(share - 0.5) * length, 0.02 * np.sin(np.pi * share), 0 * share + radius], axis=1
    )
    wide = radius * np.interp(share, [0, 0.06, 0.5, 0.94, 1], [0.5, 0.85, 1, 0.85, 0.4])
    noise = Noise(rng)
    warts = (lambda p: noise(p[:, 0] * 240, p[:, 1] * 240) > 0.78, shade(colour, 1.45))
    return (tube(path, wide, layered(colour, warts), sides=16, gloss=0.35),)


def soap(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A rounded bar with an oval stamp."""
    long, wide = rng.uniform(0.036, 0.043), rng.uniform(0.024, 0.029)
    high = rng.uniform(0.013, 0.017)

    def stamp(points: np.ndarray) -> np.ndarray:
        ring = np.hypot(points[:, 0] / (0.62 * long), points[:, 1] / (0.6 * wide))
        return (np.abs(ring - 1) < 0.12) & (points[:, 2] > 0.5 * high)

    bar = layered(colour, (stamp, shade(colour, 0.82)))
    return (ellipsoid((long, wide, high), bar, power=0.5, segments=34, gloss=0.5),)


def chocolate(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A bar of squares, half in its wrapper of the colour."""
    long, wide, high = rng.uniform(0.1, 0.125), rng.uniform(0.05, 0.06), 0.009
    brown, columns = (0.24, 0.13, 0.08), int(rng.integers(5, 7))

    def grooves(points: np.ndarray) -> np.ndarray:
        x, y = points[:, 0] / long * columns, points[:, 1] / wide * 3
        return (np.abs(x % 1 - 0.5) > 0.44) | (np.abs((y + 0.5) % 1 - 0.5) > 0.44)

    bar = box((long, wide, high), layered(brown, (grooves, shade(brown, 0.6))), gloss=0.4)
    accent = sample_accent(rng, colour)
    line = (lambda p: np.abs(p[:, 1]) < 0.16 * wide, accent)
    wrap = slab(long * 0.72, wide * 1.06, high * 1.25, 0.003, layered(colour, line), gloss=0.5)
    return (bar, wrap.moved((-long * 0.17, 0, 0)))
