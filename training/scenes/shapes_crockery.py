# SPDX-License-Identifier: Apache-2.0
"""Crockery and containers: mug, bottle, can, bowl, plate, teapot, candle."""

from __future__ import annotations

import numpy as np

from .colours import RGB, sample_accent, sample_colour, sample_metal, shade
from .mesh import Part, ellipsoid, lathe, move, rotation, slab, tube
from .noise import Noise
from .paint import Mask, Paint, between, every, layered, mottled, near


def _facing(angle: float, width: float) -> Mask:
    """Points within `width` degrees of the direction `angle` about z."""
    direction = np.radians([angle, width / 2])

    def mask(points: np.ndarray) -> np.ndarray:
        heading = np.arctan2(points[:, 1], points[:, 0]) - direction[0]
        return np.cos(heading) > np.cos(direction[1])

    return mask


def _decorated(rng: np.random.Generator, colour: RGB, height: float) -> Paint:
    """Plain, banded, striped or dotted, mainly in `colour`."""
    accent = sample_accent(rng, colour)
    style = rng.choice(["plain", "band", "stripes", "dots"], p=[0.5, 0.2, 0.15, 0.15])
    if style == "band":
        low = float(rng.uniform(0.3, 0.7)) * height
        return layered(colour, (between(2, low, low + 0.13 * height), accent))
    if style == "stripes":
        count = int(rng.integers(5, 9))
        return layered(
            colour, (lambda p: np.cos(count * np.arctan2(p[:, 1], p[:, 0])) > 0.7, accent)
        )
    if style == "dots":

        def dots(points: np.ndarray) -> np.ndarray:
            turn = np.arctan2(points[:, 1], points[:, 0]) * 8 / (2 * np.pi)
            row = points[:, 2] / height * 4
            turn = turn + 0.5 * (np.floor(row) % 2)
            return (turn % 1 - 0.5) ** 2 + (row % 1 - 0.5) ** 2 < 0.06

        return layered(colour, (dots, accent))
    return layered(colour)


def mug(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A cup with a handle at its side, open at the top."""
    radius, height = rng.uniform(0.036, 0.044), rng.uniform(0.075, 0.1)
    foot, wall = radius * rng.uniform(0.8, 1.0), 0.0035
    outer = _decorated(rng, colour, height)
    inner = colour if rng.random() < 0.4 else (0.95, 0.94, 0.9)
    belly = radius * rng.uniform(1.0, 1.06)
    shell = [(0, 0), (foot * 0.94, 0), (foot, 0.004), (belly, height * 0.5), (radius, height)]
    lining = [(radius, height), (radius - wall, height), (belly - wall, height * 0.5)]
    lining += [(foot - wall, 0.008), (0, 0.008)]
    reach, middle, half = radius * rng.uniform(0.7, 0.95), height * 0.52, height * 0.33
    turn = np.radians(np.linspace(-100, 100, 15))
    path = np.stack(
        [radius * 0.96 + reach * np.cos(turn), 0 * turn, middle + half * np.sin(turn)], axis=1
    )
    parts = [
        lathe(shell, outer, gloss=0.4),
        lathe(lining, inner, gloss=0.3),
        tube(path, radius * 0.15, colour, gloss=0.4, flatten=1.2),
    ]
    if rng.random() < 0.5:
        drink = (0.24, 0.13, 0.07) if rng.random() < 0.7 else (0.75, 0.55, 0.38)
        level = height * 0.82
        parts.append(lathe([(0, level), (radius - wall, level)], drink, gloss=0.6))
    return tuple(parts)


def bottle(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A body, a shoulder, a narrow neck, a cap and usually a label; upright or lying."""
    radius, height = rng.uniform(0.026, 0.034), rng.uniform(0.17, 0.21)
    neck = radius * rng.uniform(0.3, 0.42)
    shoulder = height * rng.uniform(0.55, 0.7)
    slope = height * rng.uniform(0.08, 0.17)
    bend = np.linspace(0, np.pi, 9)
    fall = radius + (neck - radius) * (1 - np.cos(bend)) / 2
    rise = shoulder + slope * bend / np.pi
    profile = [(0, 0), (radius * 0.95, 0), (radius, 0.004), (radius, shoulder * 0.5)]
    profile += [*zip(fall, rise, strict=True), (neck, height * 0.93)]
    paint: Paint = layered(colour)
    if rng.random() < 0.75:
        low, high = shoulder * rng.uniform(0.15, 0.3), shoulder * rng.uniform(0.7, 0.9)
        label, line = sample_accent(rng, colour), float(rng.uniform(0.35, 0.6))
        middle = low + line * (high - low)
        paint = layered(
            colour,
            (between(2, low, high), label),
            (between(2, middle, middle + 0.14 * (high - low)), shade(colour, 0.8)),
        )
    cap = sample_accent(rng, colour)
    top = [(0, height), (neck * 1.25, height), (neck * 1.25, height * 0.91), (0, height * 0.91)]
    parts: tuple[Part, ...] = (
        lathe(profile, paint, gloss=0.6, crease=50),
        lathe(top, cap, gloss=0.3),
    )
    return move(parts, rotation=rotation("y", 90)) if rng.random() < 0.25 else parts


def can(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A drinks can or a tin: a printed cylinder between metal rims."""
    tin = rng.random() < 0.35
    radius = rng.uniform(0.036, 0.042) if tin else rng.uniform(0.029, 0.033)
    height = rng.uniform(0.07, 0.09) if tin else rng.uniform(0.105, 0.12)
    metal, accent = sample_metal(rng), sample_accent(rng, colour)
    rim = radius if tin else radius * 0.86
    low, high = height * 0.05, height * 0.95
    profile = [(0, 0), (rim, 0), (radius, low), (radius, high), (rim, height)]
    lid = [(rim, height), (rim * 0.93, height), (rim * 0.9, height * 0.965), (0, height * 0.965)]
    middle = float(rng.uniform(0.35, 0.65)) * height
    style = int(rng.integers(3))
    if style == 0:
        print_ = every(_facing(rng.uniform(0, 360), 110), between(2, low + 0.01, high - 0.01))
    elif style == 1:
        print_ = between(2, middle, middle + 0.22 * height)
    else:

        def print_(points: np.ndarray) -> np.ndarray:
            turn = np.arctan2(points[:, 1], points[:, 0])
            return np.abs(points[:, 2] - middle - 0.15 * height * np.sin(2 * turn)) < 0.1 * height

    ends = (lambda p: (p[:, 2] < low) | (p[:, 2] >= high), metal)
    parts = [
        lathe(profile, layered(colour, (print_, accent), ends), gloss=0.6),
        lathe(lid, metal, gloss=0.7),
    ]
    if not tin:
        tab = slab(rim * 0.9, rim * 0.42, 0.0015, rim * 0.2, shade(metal, 0.8), gloss=0.6)
        parts.append(tab.moved((rim * 0.25, 0, height * 0.967)))
    whole = tuple(parts)
    return move(whole, rotation=rotation("y", 90)) if rng.random() < 0.15 else whole


def bowl(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A deep round open dish."""
    radius, height = rng.uniform(0.055, 0.07), rng.uniform(0.038, 0.055)
    foot, wall = radius * rng.uniform(0.35, 0.5), 0.004
    bend = np.linspace(0, np.pi / 2, 10)
    side = np.stack([foot + (radius - foot) * np.sin(bend), height * (1 - np.cos(bend))], axis=1)
    lining = side[::-1] - [wall, 0]
    lining[:, 1] = np.maximum(lining[:, 1], wall)
    inner = shade(colour, rng.uniform(0.9, 1.12))
    accent = sample_accent(rng, colour)
    outer: Paint = layered(colour)
    if rng.random() < 0.35:
        outer = layered(colour, (between(2, height * 0.6, height * 0.75), accent))
    return (
        lathe([(0, 0), *side], outer, gloss=0.35),
        lathe([side[-1], *lining, (0, wall)], inner, gloss=0.35),
    )


def plate(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A wide flat dish with a raised rim."""
    radius, rise = rng.uniform(0.075, 0.095), rng.uniform(0.012, 0.018)
    flat, wall = radius * rng.uniform(0.58, 0.68), 0.004
    top = [(0, wall), (flat, wall), (flat * 1.1, wall * 2), (radius, rise + wall)]
    under = [(radius, rise), (flat, 0), (0, 0)]
    ring = radius * rng.uniform(0.86, 0.94)
    accent = sample_accent(rng, colour)

    def rim(points: np.ndarray) -> np.ndarray:
        return np.abs(np.hypot(points[:, 0], points[:, 1]) - ring) < radius * 0.035

    paint = layered(colour, (rim, accent)) if rng.random() < 0.5 else layered(colour)
    return (
        lathe(top, paint, gloss=0.35, segments=48, crease=70),
        lathe(under, colour, segments=48),
    )


def teapot(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A round pot with a spout, a handle opposite and a lid with a knob."""
    radius, squash = rng.uniform(0.046, 0.054), rng.uniform(0.78, 0.95)
    tall = radius * squash
    bend = np.linspace(-65, 62, 16)
    belly = np.stack([radius * np.cos(np.radians(bend)), tall * np.sin(np.radians(bend))], axis=1)
    belly[:, 1] += tall * 0.92
    mouth, top = belly[-1]
    lid = [(mouth * 1.08, top), (mouth * 1.05, top + 0.003), (mouth * 0.6, top + tall * 0.2)]
    lid += [(0, top + tall * 0.25)]
    trim = sample_accent(rng, colour) if rng.random() < 0.35 else shade(colour, 0.85)
    share = np.linspace(0, 1, 9)
    spout = np.stack(
        [
            radius * (0.75 + 1.05 * share),
            0 * share,
            tall * (0.55 + 0.35 * share + 0.85 * share**2.2),
        ],
        axis=1,
    )
    turn = np.radians(np.linspace(75, 285, 16))
    handle = np.stack(
        [
            -radius * 0.95 + radius * 0.72 * np.cos(turn),
            0 * turn,
            tall * 1.05 + tall * 0.62 * np.sin(turn),
        ],
        axis=1,
    )
    knob = ellipsoid((radius * 0.19,) * 3, trim, segments=14, gloss=0.4)
    return (
        lathe(
            [(0, 0), *((r, max(z, 0.0)) for r, z in belly)],
            _decorated(rng, colour, 2 * tall),
            gloss=0.45,
        ),
        lathe(lid, trim, gloss=0.45),
        knob.moved((0, 0, top + tall * 0.38)),
        tube(spout, radius * (0.36 - 0.2 * share), colour, gloss=0.4),
        tube(handle, radius * 0.13, trim, gloss=0.4),
    )


def candle(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A pillar of wax with a wick, usually burning, sometimes on a dish."""
    radius, height = rng.uniform(0.018, 0.028), rng.uniform(0.07, 0.11)
    dip = height - radius * 0.25
    pillar = [(0, 0), (radius, 0), (radius, height), (radius * 0.8, height - 0.001), (0, dip)]
    wax = mottled(colour, Noise(rng), 0.03, 0.08)
    parts = [
        lathe(pillar, wax, segments=28, gloss=0.2),
        tube([(0, 0, dip), (0.001, 0, height + 0.012)], 0.0018, (0.1, 0.08, 0.07), sides=6),
    ]
    for _ in range(int(rng.integers(0, 4))):
        angle, drop = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 0.6) * height
        x, y = radius * np.cos(angle), radius * np.sin(angle)
        drip = tube([(x, y, height - 0.001), (x, y, height - drop)], 0.0035, wax, sides=8)
        parts.append(drip)
    if rng.random() < 0.7:
        tall = height * 0.34
        flame = [(0, -0.12), (0.12, -0.05), (0.2, 0.15), (0.17, 0.4), (0.08, 0.75), (0, 1)]
        core = near((0, 0, height + 0.014), 0.009)
        light = layered((1.0, 0.72, 0.18), (core, (1.0, 0.97, 0.75)))
        fire = lathe(np.asarray(flame) * [0.9 * tall, tall], light, segments=14, glow=1.0)
        parts.append(fire.moved((0, 0, height + 0.012)))
    if rng.random() < 0.4:
        saucer = sample_colour(rng, str(rng.choice(["white", "grey", "brown"])))
        wide = radius * 1.8
        dish = [(0, 0), (wide * 0.8, 0), (wide, 0.01), (wide * 0.95, 0.01), (wide * 0.8, 0.004)]
        parts = [part.moved((0, 0, 0.004)) for part in parts]
        parts.append(lathe([*dish, (0, 0.004)], saucer, segments=28, gloss=0.3))
    return tuple(parts)
