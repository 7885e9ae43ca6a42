# SPDX-License-Identifier: Apache-2.0
"""Kitchen things: jar, basket, tray, pot, pan, jug, bucket, spatula, whisk, sponge, drawers."""

from __future__ import annotations

import numpy as np

from .colours import RGB, sample_accent, sample_colour, sample_metal, shade
from .mesh import Part, arc, box, ellipsoid, lathe, move, ribbon, rotation, slab, tube
from .noise import Noise
from .paint import Paint, between, layered, mottled


def _loop(reach: float, half: float, start: float, height: float) -> np.ndarray:
    """A handle's path (15, 3) in the xz plane that leaves and meets x = `start`."""
    turn = np.radians(np.linspace(-100, 100, 15))
    return np.stack([start + reach * np.cos(turn), 0 * turn, height + half * np.sin(turn)], axis=1)


def jar(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A wide jar with a screw lid and usually a label; its content shows through."""
    radius, height = rng.uniform(0.03, 0.04), rng.uniform(0.07, 0.1)
    body = [(0, 0), (radius * 0.92, 0), (radius, 0.006), (radius, height * 0.8)]
    body += [(radius * 0.8, height * 0.9), (radius * 0.8, height)]
    paint: Paint = mottled(colour, Noise(rng), 0.012, rng.uniform(0.02, 0.15))
    if rng.random() < 0.7:
        low, high = height * rng.uniform(0.15, 0.25), height * rng.uniform(0.55, 0.7)
        label = sample_accent(rng, colour)
        line, thick = low + 0.4 * (high - low), 0.2 * (high - low)
        stripe = (between(2, line, line + thick), shade(colour, 0.8))
        paint = layered(paint, (between(2, low, high), label), stripe)
    metal = sample_metal(rng) if rng.random() < 0.5 else sample_accent(rng, colour)
    top, wide = height + 0.014, radius * 0.88
    ribs = (lambda p: np.cos(36 * np.arctan2(p[:, 1], p[:, 0])) > 0.3, shade(metal, 0.8))
    lid = [(wide, height * 0.93), (wide, top), (0, top)]
    return (
        lathe(body, paint, gloss=0.8, crease=40),
        lathe(lid, layered(metal, ribs), gloss=0.5),
    )


def basket(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A woven or perforated open basket, round or long, sometimes with a handle across."""
    radius, height = rng.uniform(0.055, 0.075), rng.uniform(0.045, 0.07)
    dark = shade(colour, 0.6)
    weave = int(rng.integers(16, 30))

    def woven(points: np.ndarray) -> np.ndarray:
        turn = np.arctan2(points[:, 1], points[:, 0]) * weave / (2 * np.pi)
        row = points[:, 2] / height * 6
        return ((np.floor(turn) + np.floor(row)) % 2 < 1) & (turn % 1 < 0.85)

    foot = radius * rng.uniform(0.7, 0.9)
    outer = [(0, 0), (foot, 0), (radius, height)]
    inner = [(radius, height), (radius - 0.004, height), (foot - 0.004, 0.005), (0, 0.005)]
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.stack([radius * np.cos(turn), radius * np.sin(turn), height + 0 * turn], axis=1)
    parts = [
        lathe(outer, layered(colour, (woven, dark)), gloss=0.1),
        lathe(inner, shade(colour, 0.75), gloss=0.1),
        tube(ring, 0.004, colour, sides=7, closed=True),
    ]
    if rng.random() < 0.5:
        up = np.radians(np.linspace(0, 180, 20))
        bow = np.stack([radius * np.cos(up), 0 * up, height + 1.1 * radius * np.sin(up)], axis=1)
        parts.append(tube(bow, 0.004, colour, sides=8))
    stretch = np.diag([rng.uniform(1.0, 1.35), 1.0, 1.0])
    return move(parts, rotation=stretch)


def tray(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A flat tray with a raised border and two grips."""
    long, wide, high = rng.uniform(0.16, 0.2), rng.uniform(0.11, 0.14), rng.uniform(0.012, 0.02)
    accent = sample_accent(rng, colour)
    border = 0.006

    def inlay(points: np.ndarray) -> np.ndarray:
        return (np.abs(points[:, 0]) < 0.36 * long) & (np.abs(points[:, 1]) < 0.34 * wide)

    floor = layered(colour, (inlay, accent)) if rng.random() < 0.3 else colour
    parts = [box((long, wide, 0.004), floor, gloss=0.3)]
    for sign in (-1, 1):
        side = box((long, border, high), shade(colour, 0.92), gloss=0.3)
        end = box((border, wide, high), shade(colour, 0.92), gloss=0.3)
        parts.append(side.moved((0, sign * (wide - border) / 2, 0)))
        parts.append(end.moved((sign * (long - border) / 2, 0, 0)))
        grip = np.array([(0, -0.02, 0), (0, -0.015, 0.012), (0, 0.015, 0.012), (0, 0.02, 0)])
        handle = tube(grip, 0.003, sample_metal(rng), sides=8)
        parts.append(handle.moved((sign * (long - border) / 2, 0, high)))
    return tuple(parts)


def pot(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A cooking pot with two ears, with or without its lid."""
    radius, height = rng.uniform(0.055, 0.07), rng.uniform(0.05, 0.075)
    steel = colour if rng.random() < 0.75 else sample_metal(rng)
    shell = [(0, 0), (radius * 0.95, 0), (radius, 0.006), (radius, height)]
    lining = [(radius, height), (radius - 0.003, height), (radius - 0.003, 0.006), (0, 0.006)]
    parts = [
        lathe(shell, steel, gloss=0.6, segments=44),
        lathe(lining, sample_metal(rng), gloss=0.6, segments=44),
    ]
    for turn in (0, 180):
        ear = _loop(0.022, 0.012, radius, 0).copy()
        flat = np.stack([ear[:, 0], ear[:, 2], 0 * ear[:, 0] + height * 0.82], axis=1)
        piece = tube(flat, 0.004, (0.1, 0.1, 0.11), sides=8)
        parts.append(piece.moved(rotation=rotation("z", turn)))
    if rng.random() < 0.5:
        lid = [(radius * 1.03, height), (radius * 0.9, height + 0.008), (0, height + 0.016)]
        parts.append(lathe(lid, shade(steel, 0.92), gloss=0.7, segments=44))
        knob = ellipsoid((0.011, 0.011, 0.009), (0.1, 0.1, 0.11), segments=14)
        parts.append(knob.moved((0, 0, height + 0.022)))
    return tuple(parts)


def pan(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A frying pan: shallow, with one long handle."""
    radius, height = rng.uniform(0.06, 0.075), rng.uniform(0.018, 0.026)
    outer = [(0, 0), (radius * 0.8, 0), (radius, height)]
    inner = [(radius, height), (radius - 0.003, height), (radius * 0.78, 0.003), (0, 0.003)]
    length = rng.uniform(0.09, 0.12)
    grip = colour if rng.random() < 0.4 else (0.08, 0.08, 0.09)
    path = [(radius * 0.97, 0, height * 0.8), (radius + 0.02, 0, height)]
    path += [(radius + length, 0, height * 1.25)]
    return (
        lathe(outer, colour, gloss=0.4, segments=44),
        lathe(inner, shade(colour, 0.5), gloss=0.35, segments=44),
        tube(path, [0.005, 0.007, 0.009], grip, flatten=0.7, gloss=0.3),
    )


def jug(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A tall pouring jug with a handle and a lip."""
    radius, height = rng.uniform(0.038, 0.048), rng.uniform(0.12, 0.155)
    belly, neck = radius * rng.uniform(1.0, 1.15), radius * rng.uniform(0.6, 0.8)
    share = np.linspace(0, 1, 10)
    sizes = [0.85 * belly, belly, belly, neck, neck * 1.15]
    widths = np.interp(share, [0, 0.1, 0.4, 0.8, 1], sizes)
    profile = [(0, 0), *zip(widths, share * height, strict=True)]
    lining = [(neck * 1.15, height), (neck * 1.05, height), (neck * 0.9, height * 0.8), (0, 0.1)]
    accent = sample_accent(rng, colour)
    bands = (between(2, height * 0.5, height * 0.56), accent)
    paint = layered(colour, bands) if rng.random() < 0.4 else colour
    lip = ellipsoid((0.018, 0.012, 0.01), colour, segments=14, gloss=0.4)
    return (
        lathe(profile, paint, gloss=0.45, crease=60),
        lathe(lining, shade(colour, 0.6), gloss=0.2),
        tube(_loop(0.032, height * 0.3, -neck * 0.2, height * 0.6) * [-1, 1, 1], 0.006, colour,
             gloss=0.4).moved((-neck * 0.9, 0, 0)),
        lip.moved((neck * 1.15, 0, height * 0.985)),
    )  # fmt: skip


def wineglass(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A glass with a stem and a foot, empty or with wine."""
    radius, height = rng.uniform(0.028, 0.036), rng.uniform(0.12, 0.15)
    foot, low = radius * 0.95, height * 0.5
    stem = [(0, 0), (foot, 0.001), (foot * 0.4, 0.006), (0.0035, 0.015), (0.0035, low)]
    bend = np.linspace(0, 1, 9)
    wide = radius * np.sin(np.interp(bend, [0, 1], [0.08, 1.9]))
    cup = [*stem, *zip(wide, low + bend * (height - low), strict=True)]
    parts = [lathe(cup, colour, gloss=1.0, crease=70)]
    inside = [(wide[-1] * 0.97, height), (wide[5] * 0.95, low + 0.55 * (height - low)), (0, low)]
    wine = sample_colour(rng, str(rng.choice(["red", "yellow"]))) if rng.random() < 0.5 else colour
    parts.append(lathe(inside, shade(wine, 0.8), gloss=0.8))
    return tuple(parts)


def bucket(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A small pail, wider above, with a wire handle up or fallen to the side."""
    radius, height = rng.uniform(0.05, 0.06), rng.uniform(0.075, 0.095)
    foot = radius * rng.uniform(0.7, 0.8)
    rim = layered(colour, (between(2, height * 0.86, height * 0.9), shade(colour, 0.7)))
    up = np.radians(np.linspace(0, 180, 20))
    bow = np.stack([radius * np.cos(up), 0 * up, radius * 1.15 * np.sin(up)], axis=1)
    wire = tube(bow, 0.0028, sample_metal(rng), sides=8, gloss=0.6)
    lean = float(rng.choice([0.0, 70.0, -70.0]))
    return (
        lathe([(0, 0), (foot, 0), (radius, height)], rim, gloss=0.4, segments=44),
        lathe(
            [(radius, height), (radius - 0.003, height), (foot - 0.003, 0.004), (0, 0.004)],
            shade(colour, 0.7),
            segments=44,
        ),
        wire.moved((0, 0, height * 0.95), rotation("x", lean)),
    )


def spatula(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A turner: a flat slotted blade, a thin neck and a grip."""
    long, wide = rng.uniform(0.065, 0.08), rng.uniform(0.048, 0.06)
    blade = colour if rng.random() < 0.6 else sample_metal(rng)
    slots = int(rng.integers(2, 5))

    def slotted(points: np.ndarray) -> np.ndarray:
        across = (points[:, 1] / wide + 0.5) * (2 * slots + 1)
        return (np.floor(across) % 2 == 1) & (np.abs(points[:, 0]) < 0.3 * long)

    neck = np.array([(-long / 2, 0, 0.004), (-long / 2 - 0.05, 0, 0.014)])
    grip = np.array([(-long / 2 - 0.045, 0, 0.013), (-long / 2 - 0.13, 0, 0.01)])
    return (
        slab(long, wide, 0.003, 0.01, layered(blade, (slotted, (0.15, 0.15, 0.15))), gloss=0.3),
        tube(neck, 0.0035, sample_metal(rng), sides=8, gloss=0.5),
        tube(grip, [0.007, 0.009], colour, sides=10, flatten=0.7, gloss=0.3),
    )


def whisk(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A balloon of wires on a handle."""
    long, wide = rng.uniform(0.075, 0.095), rng.uniform(0.02, 0.026)
    metal = sample_metal(rng)
    along = np.radians(np.linspace(0, 180, 17))
    parts = []
    for turn in (0, 36, 72, 108, 144):
        height = wide * np.sin(along) ** 0.8
        sign = np.cos(along)
        line = np.stack([long * np.sin(along) ** 1.3, sign * height, 0 * along], axis=1)
        wire = tube(line, 0.0014, metal, sides=6, gloss=0.7)
        parts.append(wire.moved((0, 0, 0), rotation("x", turn)))
    grip = tube([(0.004, 0, 0), (-0.08, 0, 0)], [0.007, 0.01], colour, sides=12, gloss=0.3)
    return (*parts, grip)


def cutting_board(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A board with rounded corners and a hole to hang it by; wood grain or plain plastic."""
    long, wide, high = rng.uniform(0.15, 0.18), rng.uniform(0.095, 0.12), rng.uniform(0.01, 0.016)
    noise = Noise(rng)

    def hole(points: np.ndarray) -> np.ndarray:
        return np.hypot(points[:, 0] - 0.42 * long, points[:, 1]) < 0.008

    def grain(points: np.ndarray) -> np.ndarray:
        return noise(points[:, 0] * 8, points[:, 1] * 220) > 0.62

    layers = [(hole, (0.12, 0.1, 0.09))]
    if rng.random() < 0.6:
        layers = [(grain, shade(colour, 0.85)), *layers]
    board = slab(long, wide, high, 0.016, layered(colour, *layers), gloss=0.15)
    return (board,)


def sponge(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A porous block with a dark scouring side."""
    long, wide, high = rng.uniform(0.075, 0.095), rng.uniform(0.05, 0.062), rng.uniform(0.022, 0.03)
    noise = Noise(rng)

    def pores(points: np.ndarray) -> np.ndarray:
        x, y = points[:, 0] + points[:, 2], points[:, 1] - points[:, 2]
        return noise(x * 350, y * 350) > 0.74

    soft = slab(long, wide, high, 0.008, layered(colour, (pores, shade(colour, 0.65))), gloss=0.0)
    rough = shade(sample_colour(rng, "green"), 0.7) if rng.random() < 0.6 else shade(colour, 0.4)
    pad = slab(long, wide, 0.007, 0.008, mottled(rough, Noise(rng), 0.002, 0.3), gloss=0.0)
    flip = rng.random() < 0.4
    return (soft.moved((0, 0, 0.007 if flip else 0)), pad.moved((0, 0, 0 if flip else high)))


def ladle(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A deep round cup on a long bent handle, lying."""
    radius = rng.uniform(0.026, 0.032)
    metal = colour if rng.random() < 0.6 else sample_metal(rng)
    bend = np.linspace(0, np.pi / 2, 9)
    cup = np.stack([radius * np.sin(bend), radius * (1 - np.cos(bend))], axis=1)
    inner = cup[::-1] - [0.002, 0]
    inner[:, 0] = np.maximum(inner[:, 0], 0)
    inner[:, 1] += 0.002
    path = [(radius, 0, radius), (radius + 0.03, 0, radius * 1.5), (radius + 0.15, 0, radius)]
    return (
        lathe(cup, metal, gloss=0.6),
        lathe(inner, shade(metal, 0.75), gloss=0.6),
        tube(path, [0.004, 0.0045, 0.006], metal, flatten=0.6, gloss=0.5),
    )


def drawers(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A small chest of two or three drawers, one of them perhaps pulled out."""
    wide, deep = rng.uniform(0.11, 0.14), rng.uniform(0.09, 0.11)
    count = int(rng.integers(2, 4))
    each = rng.uniform(0.035, 0.045)
    high = count * each + 0.008
    front = sample_accent(rng, colour) if rng.random() < 0.4 else shade(colour, 1.12)
    knob = sample_metal(rng) if rng.random() < 0.6 else (0.1, 0.1, 0.1)
    parts = [box((wide, deep, high), colour, gloss=0.15)]
    pulled = int(rng.integers(count)) if rng.random() < 0.5 else -1
    for number in range(count):
        low = 0.004 + number * each
        out = rng.uniform(0.025, 0.05) if number == pulled else 0.004
        size = (wide * 0.92, out, each * 0.86)
        parts.append(box(size, front, gloss=0.2).moved((0, -deep / 2 - out / 2, low)))
        if number == pulled:
            dark = box((wide * 0.84, out - 0.006, 0.0006), shade(front, 0.4))
            parts.append(dark.moved((0, -deep / 2 - out / 2, low + each * 0.86)))
        grip = ellipsoid((0.007, 0.005, 0.005), knob, segments=12, gloss=0.6)
        parts.append(grip.moved((0, -deep / 2 - out - 0.003, low + each * 0.43)))
    return tuple(parts)


def chopsticks(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """Two thin tapered sticks side by side."""
    length, wood = rng.uniform(0.17, 0.2), colour
    parts = []
    for side, turn in ((-1, rng.uniform(-3, 3)), (1, rng.uniform(-3, 3))):
        path = [(-length / 2, side * 0.008, 0.004), (length / 2, side * 0.008, 0.003)]
        ends = layered(wood, (between(0, -1, -0.4 * length), shade(wood, 0.7)))
        stick = tube(path, [0.0045, 0.003], ends, sides=8, gloss=0.3)
        parts.append(stick.moved(rotation=rotation("z", turn)))
    return tuple(parts)


def rolling_pin(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A thick roller with a thin grip at both ends, lying."""
    half, radius = rng.uniform(0.06, 0.075), rng.uniform(0.018, 0.023)
    grip = radius * 0.45
    profile = [(0, -half - 0.045), (grip, -half - 0.042), (grip * 1.1, -half - 0.01)]
    profile += [(grip * 0.8, -half), (radius, -half), (radius, half), (grip * 0.8, half)]
    profile += [(grip * 1.1, half + 0.01), (grip, half + 0.042), (0, half + 0.045)]
    ends = (lambda p: np.abs(p[:, 2]) > half, shade(colour, 0.7))
    roller = lathe(profile, layered(mottled(colour, Noise(rng), 0.01, 0.08), ends), gloss=0.2)
    return move((roller,), rotation=rotation("y", 90))


def bread(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A loaf with cuts across its crust."""
    long, wide, high = rng.uniform(0.06, 0.075), rng.uniform(0.03, 0.036), rng.uniform(0.026, 0.032)
    crust = mottled(shade(colour, 1.15), Noise(rng), 0.02, 0.25)
    cuts = int(rng.integers(3, 6))

    def cut(points: np.ndarray) -> np.ndarray:
        place = (points[:, 0] + 0.5 * points[:, 1]) / long * cuts / 2
        return (points[:, 2] > 0.55 * high) & (np.abs(place % 1 - 0.5) < 0.09)

    pale = layered(crust, (cut, (0.93, 0.82, 0.6)))
    loaf = ellipsoid((long, wide, high), pale, power=0.75, segments=36, gloss=0.1)
    return (loaf,)


def rope(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """Coiled cord: some loops on each other, with a loose end."""
    radius = rng.uniform(0.03, 0.04)
    parts = []
    for number in range(int(rng.integers(4, 7))):
        turn = np.linspace(0, 2 * np.pi, 36, endpoint=False)
        wobble = radius * (1 + 0.06 * np.sin(2 * turn + rng.uniform(0, 6)))
        line = np.stack(
            [wobble * np.cos(turn), wobble * np.sin(turn), 0.004 + 0.0055 * number + 0 * turn],
            axis=1,
        )
        tone = shade(colour, rng.uniform(0.85, 1.1))
        parts.append(tube(line, 0.0038, tone, sides=7, closed=True, gloss=0.05))
    end = np.concatenate([arc(radius, 0, 60, 8), [[radius * 0.9, radius * 1.6]]])
    tail = ribbon(end, 0.007, 0.006, colour, gloss=0.05)
    return (*parts, tail)
