# SPDX-License-Identifier: Apache-2.0
"""Electronics and office things: remote, mouse, keyboard, camera, calculator, bulb, stapler."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .colours import RGB, sample_accent, sample_colour, sample_metal, shade
from .mesh import Part, box, ellipsoid, lathe, move, ribbon, rotation, slab, tube
from .paint import Mask, between, every, layered

_DARK: RGB = (0.07, 0.07, 0.08)


def _keys(
    area: tuple[float, float, float, float], columns: int, rows: int, gap: float, top: float
) -> Mask:
    """Rectangular keys on the upper side, within (left, bottom, right, top) metres."""
    left, low, right, high = area

    def mask(points: np.ndarray) -> np.ndarray:
        x = (points[:, 0] - left) / (right - left) * columns
        y = (points[:, 1] - low) / (high - low) * rows
        inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows) & (points[:, 2] > top)
        return inside & (np.abs(x % 1 - 0.5) < 0.5 - gap) & (np.abs(y % 1 - 0.5) < 0.5 - gap)

    return mask


def remote(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A long remote control with rows of buttons."""
    long, wide = rng.uniform(0.14, 0.165), rng.uniform(0.038, 0.046)
    high = rng.uniform(0.014, 0.018)
    keys = shade(sample_accent(rng, colour), 0.95)
    low = _keys((-0.4 * long, -0.36 * wide, 0.1 * long, 0.36 * wide), 6, 3, 0.2, 0.6 * high)
    special = _keys((0.16 * long, -0.3 * wide, 0.4 * long, 0.3 * wide), 2, 2, 0.14, 0.6 * high)
    red = sample_colour(rng, str(rng.choice(["red", "green", "blue"])))
    body = slab(long, wide, high, 0.01, layered(colour, (low, keys), (special, red)), gloss=0.3)
    return (body,)


def mouse(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A computer mouse with two buttons and a wheel, sometimes with its cable."""
    long, wide, high = rng.uniform(0.05, 0.056), rng.uniform(0.029, 0.033), rng.uniform(0.03, 0.036)

    def seam(points: np.ndarray) -> np.ndarray:
        return (points[:, 0] > 0.1 * long) & (np.abs(points[:, 1]) < 0.0012)

    split = (lambda p: np.abs(p[:, 0] - 0.1 * long) < 0.0012, shade(colour, 0.5))
    paint = layered(colour, (seam, shade(colour, 0.5)), split)
    shell = ellipsoid((long, wide, high), paint, power=0.85, segments=36, gloss=0.4)
    body = replace(shell, points=shell.points.clip(min=np.array([-1, -1, 0], np.float32)))
    wheel = ellipsoid((0.008, 0.0035, 0.008), _DARK, segments=14)
    parts = [body, wheel.moved((0.55 * long, 0, 0.82 * high))]
    if rng.random() < 0.5:
        bend = rng.uniform(-0.05, 0.05)
        path = [(long, 0, 0.006), (long + 0.04, bend * 0.3, 0.003), (long + 0.1, bend, 0.003)]
        parts.append(tube(path, 0.0022, _DARK, sides=7))
    return tuple(parts)


def keyboard(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A compact keyboard: rows of keys on a flat case."""
    long, wide = rng.uniform(0.17, 0.2), rng.uniform(0.065, 0.078)
    keys = shade(sample_accent(rng, colour), 0.95)
    area = (-0.47 * long, -0.28 * wide, 0.47 * long, 0.45 * wide)
    fields = _keys(area, int(rng.integers(11, 15)), 4, 0.1, 0.006)
    space = _keys((-0.22 * long, -0.45 * wide, 0.2 * long, -0.3 * wide), 1, 1, 0.02, 0.006)
    case = slab(long, wide, 0.011, 0.007, layered(colour, (fields, keys), (space, keys)), gloss=0.2)
    return (case,)


def camera(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A photo camera: body with a grip, a lens in front, a shutter button and a hump."""
    wide, deep, high = rng.uniform(0.09, 0.105), rng.uniform(0.032, 0.04), rng.uniform(0.056, 0.066)
    skin = (between(2, 0.22 * high, 0.74 * high), _DARK)
    body = slab(wide, deep, high, 0.007, layered(colour, skin), gloss=0.2)
    radius, reach = 0.4 * high, rng.uniform(0.025, 0.045)
    ring = (lambda p: (p[:, 2] % 0.009) < 0.003, shade(_DARK, 2.5))
    lens = [(radius, 0), (radius, reach), (radius * 0.85, reach), (radius * 0.7, reach * 0.9)]
    glass = [(radius * 0.7, reach * 0.9), (radius * 0.4, reach * 0.86), (0, reach * 0.84)]
    forward = rotation("x", 90)
    place = (0.06 * wide, -deep / 2, high * 0.48)
    hump = box((0.3 * wide, deep * 0.7, 0.012), colour, gloss=0.2).moved((0.06 * wide, 0, high))
    button = lathe([(0.006, 0), (0.006, 0.005), (0, 0.005)], sample_metal(rng), segments=16)
    return (
        body,
        lathe(lens, layered(_DARK, ring), gloss=0.4).moved(place, forward),
        lathe(glass, (0.12, 0.1, 0.28), gloss=1.0).moved(place, forward),
        hump,
        button.moved((-0.36 * wide, 0, high)),
    )


def calculator(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A pocket calculator: a grey-green display above a field of keys."""
    long, wide, high = rng.uniform(0.115, 0.13), rng.uniform(0.066, 0.076), 0.012
    keys = sample_accent(rng, colour)
    field = _keys((-0.44 * long, -0.42 * wide, 0.16 * long, 0.42 * wide), 5, 4, 0.16, 0.7 * high)
    show = _keys((0.24 * long, -0.4 * wide, 0.43 * long, 0.4 * wide), 1, 1, 0.02, 0.7 * high)
    paint = layered(colour, (field, keys), (show, (0.62, 0.68, 0.56)))
    return (slab(long, wide, high, 0.006, paint, gloss=0.25),)


def battery(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A thick round cell with a metal cap and a nipple, lying or standing."""
    radius, height = rng.uniform(0.013, 0.017), rng.uniform(0.055, 0.065)
    metal = sample_metal(rng)
    top = (between(2, height * 0.72, height), sample_accent(rng, colour))
    side = [(0, 0), (radius, 0.0005), (radius, height)]
    cap = [(radius, height), (radius * 0.4, height), (radius * 0.4, height + 0.004)]
    cap.append((0, height + 0.004))
    parts = (
        lathe(side, layered(colour, top, (between(2, -1, 0.002), metal)), gloss=0.5),
        lathe(cap, metal, gloss=0.7, segments=24),
    )
    return move(parts, rotation=rotation("y", 90)) if rng.random() < 0.6 else parts


def light_bulb(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A pear-shaped bulb with a screw base, lying."""
    radius = rng.uniform(0.028, 0.033)
    share = np.linspace(0, 1, 16)
    wide = radius * np.interp(share, [0, 0.2, 0.5, 0.75, 0.93, 1], [0.42, 0.6, 0.96, 1, 0.55, 0])
    height = radius * 2.5
    metal = sample_metal(rng)
    thread = (lambda p: (p[:, 2] % 0.005) < 0.0025, shade(metal, 0.6))
    base = [(0.004, -0.03), (radius * 0.36, -0.026), (radius * 0.42, 0)]
    glow = 0.6 if rng.random() < 0.3 else 0.05
    parts = (
        lathe(np.stack([wide, height * share], axis=1), colour, gloss=0.9, glow=glow, crease=80),
        lathe(
            base, layered(metal, thread, (between(2, -1, -0.026), _DARK)), gloss=0.6, segments=24
        ),
    )
    return move(parts, rotation=rotation("y", 78))


def headphones(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A bent band with a round cushioned cup at both ends, lying."""
    radius, high = rng.uniform(0.058, 0.068), 0.014
    up = np.radians(np.linspace(8, 172, 24))
    line = np.stack([radius * np.cos(up), radius * 1.05 * np.sin(up)], axis=1)
    parts = [ribbon(line, 0.006, high, colour, gloss=0.3).moved((0, 0, 0.008))]
    for side in (-1, 1):
        cup = [(0.024, 0), (0.027, 0.006), (0.027, 0.014), (0.02, 0.018), (0, 0.018)]
        pad = [(0, 0), (0.024, 0), (0.027, -0.006), (0.024, -0.012), (0.012, -0.012)]
        place = (side * (radius - 0.004), 0, 0.027)
        turn = rotation("y", 90 * side)
        parts.append(lathe(cup, colour, gloss=0.4, segments=28).moved(place, turn))
        parts.append(lathe(pad, _DARK, gloss=0.1, segments=28).moved(place, turn))
    return tuple(parts)


def charger(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A charger: a block with two pins and a cable that curls away."""
    body = slab(rng.uniform(0.04, 0.048), 0.034, 0.03, 0.008, colour, gloss=0.3)
    metal, parts = sample_metal(rng), [body]
    for side in (-1, 1):
        pin = tube([(-0.02, side * 0.009, 0.015), (-0.045, side * 0.009, 0.015)], 0.0028, metal)
        parts.append(pin)
    turn = np.linspace(0, rng.uniform(4, 7), 30)
    reach = 0.02 + 0.006 * turn
    cable = np.stack(
        [0.05 + reach * np.sin(turn), reach * np.cos(turn) - 0.02, 0.003 + 0 * turn], axis=1
    )
    line = np.concatenate([[(0.02, 0, 0.012)], cable])
    parts.append(tube(line, 0.0028, shade(colour, 0.9), sides=7))
    return tuple(parts)


def stapler(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A long base, and an arm above it that is open at the front."""
    long, wide = rng.uniform(0.105, 0.125), rng.uniform(0.026, 0.032)
    base = slab(long, wide, 0.009, 0.008, _DARK, gloss=0.2)
    rail = box((long * 0.86, wide * 0.55, 0.008), sample_metal(rng), gloss=0.6)
    share = np.linspace(0, 1, 12)
    line = np.stack([(share - 0.5) * long * 0.98, 0 * share], axis=1)
    rise = 0.008 * (1 - share)
    arm = ribbon(line, wide * 0.9, 0.016, colour, heights=rise, gloss=0.4)
    tilt = rotation("y", rng.uniform(2, 7))
    return (base, rail.moved((0, 0, 0.012), tilt), arm.moved((0, 0, 0.019), tilt))


def eraser(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A block of rubber in a paper sleeve of the colour."""
    long, wide = rng.uniform(0.055, 0.068), rng.uniform(0.024, 0.03)
    high = rng.uniform(0.013, 0.017)
    rubber = slab(long, wide, high, 0.004, (0.93, 0.92, 0.9), gloss=0.1)
    stripe = (lambda p: np.abs(p[:, 0]) < 0.09 * long, sample_accent(rng, colour))
    sleeve = box((long * 0.66, wide * 1.05, high * 1.06), layered(colour, stripe), gloss=0.2)
    return (rubber, sleeve.moved((-0.14 * long, 0, 0)))


def marker(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A thick felt pen: a barrel with a label, a cap with a clip, lying."""
    length, radius = rng.uniform(0.11, 0.13), rng.uniform(0.008, 0.01)
    barrel = colour if rng.random() < 0.4 else (0.92, 0.92, 0.9)
    label = every(between(2, 0.3 * length, 0.5 * length), between(0, 0, 1))
    body = [(0, 0), (radius * 0.9, 0.001), (radius, 0.006), (radius, 0.64 * length)]
    cap = [(radius * 1.12, 0.62 * length), (radius * 1.12, length), (0, length)]
    plug_ = (between(2, -1, 0.012), colour)
    clip = box((0.003, 0.005, 0.03), colour, gloss=0.4).moved((radius * 1.2, 0, 0.66 * length))
    parts = (
        lathe(body, layered(barrel, (label, shade(colour, 0.9)), plug_), segments=20, gloss=0.3),
        lathe(cap, colour, segments=20, gloss=0.4),
        clip,
    )
    return move(parts, rotation=rotation("y", 90))


def ruler(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A flat strip with ticks along one edge."""
    long, wide = rng.uniform(0.16, 0.19), rng.uniform(0.026, 0.032)
    ink = _DARK if sum(colour) > 0.9 else (0.95, 0.95, 0.95)

    def ticks(points: np.ndarray) -> np.ndarray:
        place = points[:, 0] + long / 2
        depth = np.where(place % 0.02 < 0.0022, 0.34, 0.18) * wide
        return (place % 0.005 < 0.0015) & (points[:, 1] > wide / 2 - depth) & (points[:, 2] > 0.002)

    return (box((long, wide, 0.003), layered(colour, (ticks, ink)), gloss=0.4),)


def glue_stick(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A short thick tube with a cap and a label, standing or lying."""
    radius, height = rng.uniform(0.013, 0.016), rng.uniform(0.075, 0.09)
    label = (between(2, height * 0.15, height * 0.55), sample_accent(rng, colour))
    body = [(0, 0), (radius * 0.9, 0), (radius, 0.004), (radius, height * 0.68)]
    cap = [(radius * 1.08, height * 0.66), (radius * 1.08, height), (0, height)]
    ribs = (lambda p: np.cos(30 * np.arctan2(p[:, 1], p[:, 0])) > 0.4, shade(colour, 0.8))
    parts = (
        lathe(body, layered(colour, label), segments=24, gloss=0.35),
        lathe(cap, layered(shade(colour, 0.9), ribs), segments=48, gloss=0.3),
    )
    return move(parts, rotation=rotation("y", 90)) if rng.random() < 0.5 else parts


def glasses(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """Spectacles standing on their folded or open arms: two rims with glass and a bridge."""
    radius, gap = rng.uniform(0.022, 0.026), 0.009
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    parts, tint = [], (0.12, 0.12, 0.14) if rng.random() < 0.4 else (0.75, 0.8, 0.82)
    for side in (-1, 1):
        centre = side * (radius + gap)
        across, up = centre + radius * np.cos(turn), radius * (1 + 0.85 * np.sin(turn))
        ring = np.stack([across, 0 * turn, up], axis=1)
        parts.append(tube(ring, 0.0026, colour, sides=8, closed=True, gloss=0.4))
        pane = ellipsoid((radius * 0.96, 0.0012, radius * 0.82), tint, segments=20, gloss=1.0)
        parts.append(pane.moved((centre, 0, radius)))
        end = side * (2 * radius + gap)
        path = [(end, 0, radius * 1.3), (end, 0.06, radius * 1.2), (end * 0.96, 0.1, radius * 0.3)]
        parts.append(tube(path, 0.0024, colour, sides=7))
    arch = [(-gap, 0, radius * 1.2), (0, 0, radius * 1.35), (gap, 0, radius * 1.2)]
    return (*parts, tube(arch, 0.0024, colour))
