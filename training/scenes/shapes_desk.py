# SPDX-License-Identifier: Apache-2.0
"""Things for desk and play: book, pencil, phone, box, die, ball, key."""

from __future__ import annotations

import numpy as np

from .colours import RGB, sample_accent, sample_colour, sample_metal, shade
from .mesh import Part, arc, box, ellipsoid, lathe, move, ribbon, rotation, slab, tube
from .paint import Mask, Paint, between, layered


def book(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A closed book lying on its back: cover, white pages on three sides, a title."""
    long, wide, high = rng.uniform(0.13, 0.15), rng.uniform(0.095, 0.11), rng.uniform(0.016, 0.032)
    cover, title = 0.0028, sample_accent(rng, colour)
    inset = 0.004

    def block(x: float, y: float, tall: float, wider: float) -> Mask:
        return lambda p: (np.abs(p[:, 0] - x) < wider / 2) & (np.abs(p[:, 1] - y) < tall / 2)

    layers = [
        (block(rng.uniform(-0.005, 0.01), long * 0.24, long * 0.09, wide * 0.62), title),
        (block(rng.uniform(-0.005, 0.01), long * 0.11, long * 0.05, wide * 0.45), title),
    ]
    style = rng.choice(["picture", "frame", "bare"])
    if style == "picture":
        art = sample_colour(
            rng, str(rng.choice(["red", "yellow", "green", "blue", "white", "orange"]))
        )
        layers.append((block(0.003, -long * 0.18, long * 0.32, wide * 0.5), art))
        spot = block(0.003, -long * 0.18, long * 0.16, wide * 0.25)
        layers.append((spot, title))
    elif style == "frame":

        def frame(p: np.ndarray) -> np.ndarray:
            x, y = np.abs(p[:, 0]) / (wide / 2), np.abs(p[:, 1]) / (long / 2)
            edge = np.maximum(x, y)
            return (edge > 0.84) & (edge < 0.9)

        layers.append((frame, title))
    pages = layered((0.94, 0.92, 0.85), (lambda p: (p[:, 2] % 0.003) < 0.0009, (0.78, 0.75, 0.68)))
    spine = np.stack([np.linspace(-1, 1, 5) * 0, np.linspace(-long / 2, long / 2, 5)], axis=1)
    back = ribbon(spine, 0.005, high, layered(colour, (between(1, long * 0.2, long * 0.3), title)))
    return (
        box((wide, long, cover), colour),
        box((wide - 2 * inset, long - 2 * inset, high - 2 * cover), pages).moved((0, 0, cover)),
        box((wide, long, cover), layered(colour, *layers), gloss=0.3).moved((0, 0, high - cover)),
        back.moved((-wide / 2 + 0.0005, 0, 0)),
    )


def pencil(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A six-sided pencil: sharpened wood and lead, metal band and pink eraser."""
    length, radius = rng.uniform(0.15, 0.18), rng.uniform(0.0065, 0.0075)
    dark = shade(colour, 0.8)
    side = (lambda p: np.cos(3 * np.arctan2(p[:, 1], p[:, 0])) > 0.0, dark)
    body = lathe([(radius, 0), (radius, length)], layered(colour, side), segments=6, gloss=0.35)
    wood = layered((0.87, 0.69, 0.46), (between(2, length + 0.019, 1), (0.12, 0.12, 0.13)))
    point = lathe([(radius, length), (0, length + 0.028)], wood, segments=18, gloss=0.05)
    metal = layered(sample_metal(rng), (lambda p: (p[:, 2] % 0.004) < 0.0012, (0.45, 0.4, 0.3)))
    band = lathe([(radius * 1.05, -0.012), (radius * 1.05, 0.001)], metal, segments=16, gloss=0.7)
    rubber = lathe(
        [(0, -0.023), (radius * 0.75, -0.023), (radius * 0.98, -0.02), (radius * 0.98, -0.012)],
        (0.9, 0.48, 0.5),
        segments=16,
        crease=90,
    )
    return move((body, point, band, rubber), rotation=rotation("y", 90))


def phone(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A smartphone in a coloured case: dark screen up, or camera bump up."""
    long, wide, high = rng.uniform(0.135, 0.15), rng.uniform(0.066, 0.074), 0.0095
    case = slab(long, wide, high, 0.011, colour, gloss=0.3)
    if rng.random() < 0.65:
        icons = rng.random() < 0.35
        rows = float(rng.choice([-1.5, -0.5, 1.5]))
        glyph = sample_colour(rng, str(rng.choice(["white", "blue", "green", "orange"])))

        def apps(points: np.ndarray) -> np.ndarray:
            x, y = points[:, 0] / (long * 0.13), points[:, 1] / (wide * 0.2)
            inside = (np.abs(x) < 2.5) & (np.abs(y) < 2) & (x < rows)
            return inside & (np.abs((x + 0.5) % 1 - 0.5) < 0.28) & (np.abs(y % 1 - 0.5) < 0.28)

        dark = (0.05, 0.06, 0.08)
        paint: Paint = layered(dark, (apps, shade(glyph, 0.8))) if icons else layered(dark)
        screen = slab(long * 0.9, wide * 0.82, 0.0007, 0.007, paint, gloss=0.45)
        slot = slab(0.004, wide * 0.2, 0.001, 0.002, (0.25, 0.25, 0.27))
        return (
            case,
            screen.moved((0, 0, high)),
            slot.moved((long * 0.475, 0, high)),
        )
    bump = slab(0.034, 0.032, 0.003, 0.008, shade(colour, 0.8), gloss=0.4)
    parts = [case, bump.moved((long * 0.34, wide * 0.2, high))]
    for x, y in ((-0.008, 0.007), (-0.008, -0.007), (0.008, 0.0)):
        eye = lathe(
            [(0, 0.0042), (0.0058, 0.0042), (0.0058, 0)], (0.04, 0.04, 0.06), segments=16, gloss=1.0
        )
        parts.append(eye.moved((long * 0.34 + x, wide * 0.2 + y, high)))
    return tuple(parts)


def parcel(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A closed box: taped cardboard with a label, or a gift with a ribbon and a bow."""
    long, wide, high = rng.uniform(0.08, 0.11), rng.uniform(0.06, 0.085), rng.uniform(0.045, 0.07)
    if rng.random() < 0.45:
        band = sample_accent(rng, colour)
        stripe = 0.11 * wide

        def wrap(points: np.ndarray) -> np.ndarray:
            return (np.abs(points[:, 0]) < stripe) | (np.abs(points[:, 1]) < stripe)

        parts = [box((long, wide, high), layered(colour, (wrap, band)), gloss=0.25)]
        for angle in (35, 145, 215, 325):
            turn = np.radians(np.linspace(0, 360, 14, endpoint=False))
            loop = np.stack(
                [0.015 * (1 - np.cos(turn)), 0.007 * np.sin(turn), 0.008 * (1 - np.cos(turn))],
                axis=1,
            )
            bow = tube(loop, 0.003, shade(band, 0.92), sides=7, closed=True, gloss=0.3)
            parts.append(bow.moved((0, 0, high), rotation("z", angle)))
        return tuple(parts)
    seam = (lambda p: np.abs(p[:, 1]) < 0.0012, shade(colour, 0.55))
    strip = (0.82, 0.72, 0.52) if sum(colour) < 1.8 else (0.6, 0.45, 0.28)
    strip_mask = (lambda p: (np.abs(p[:, 1]) < 0.011) & (p[:, 2] > high * 0.72), strip)
    centre = rng.uniform(0.18, 0.25) * long

    def label(points: np.ndarray) -> np.ndarray:
        x, y = points[:, 0] - centre, points[:, 1] + 0.28 * wide
        return (np.abs(x) < 0.017) & (np.abs(y) < 0.011) & (points[:, 2] > high * 0.98)

    paint = layered(colour, strip_mask, seam, (label, (0.95, 0.95, 0.93)))
    return (box((long, wide, high), paint, gloss=0.05),)


_PIPS: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (-1, 1), (1, -1), (1, 1)),
    5: ((-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1)),
    6: ((-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1)),
}


def die(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A cube with rounded edges and one to six pips on each face."""
    half = rng.uniform(0.023, 0.028)
    pip = (0.08, 0.08, 0.08) if sum(colour) > 1.35 else (0.96, 0.96, 0.94)
    sizes = half * 0.2

    def pips(points: np.ndarray) -> np.ndarray:
        marked = np.zeros(len(points), dtype=bool)
        for axis, (low, high) in enumerate(((1, 6), (2, 5), (3, 4))):
            others = points[:, [i for i in range(3) if i != axis]]
            for count, sign in ((low, 1), (high, -1)):
                on_face = sign * points[:, axis] > half * 0.93
                for spot in _PIPS[count]:
                    offset = others - np.asarray(spot, np.float32) * half * 0.5
                    marked |= on_face & ((offset**2).sum(axis=1) < sizes**2)
        return marked

    cube = ellipsoid((half,) * 3, layered(colour, (pips, pip)), power=0.22, segments=40, gloss=0.4)
    flip = rotation("xyz"[int(rng.integers(3))], 90.0 * int(rng.integers(4)))
    return move((cube,), rotation=flip)


def ball(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A tennis ball where yellow, a football where white, else a beach ball or a striped one."""
    radius = rng.uniform(0.036, 0.05)
    bright = colour[2] > 0.85 and min(colour) > 0.85
    yellow = colour[0] > 0.85 and colour[1] > 0.7 and colour[2] < 0.4
    paint: Paint
    if bright:
        golden = (1 + 5**0.5) / 2
        signs = [(s, t) for s in (-1.0, 1.0) for t in (-1.0, 1.0)]
        corners = [(0.0, s, t * golden) for s, t in signs]
        corners += [(s, t * golden, 0.0) for s, t in signs]
        corners += [(t * golden, 0.0, s) for s, t in signs]
        axes = np.asarray(corners, np.float32) / np.float32(np.hypot(1, golden))
        dark = (0.07, 0.07, 0.08)

        def patches(points: np.ndarray) -> np.ndarray:
            return (points @ axes.T).max(axis=1) > radius * 0.925

        def seams(points: np.ndarray) -> np.ndarray:
            closest = np.sort(points @ axes.T, axis=1)
            return closest[:, -1] - closest[:, -2] < radius * 0.035

        paint = layered(colour, (seams, (0.45, 0.45, 0.46)), (patches, dark))
    elif yellow:
        radius = min(radius, 0.04)

        def curve(points: np.ndarray) -> np.ndarray:
            x, y, z = (points / radius).T
            return np.abs(x * x - y * y - 1.1 * z) < 0.13

        paint = layered(colour, (curve, (0.97, 0.97, 0.95)))
    elif rng.random() < 0.6:
        other = (0.96, 0.96, 0.94) if sum(colour) < 2.4 else (0.15, 0.2, 0.6)

        def sectors(points: np.ndarray) -> np.ndarray:
            return (np.arctan2(points[:, 1], points[:, 0]) / (np.pi / 3)) % 2 < 0.8

        cap = (lambda p: np.abs(p[:, 2]) > radius * 0.93, other)
        paint = layered(colour, (sectors, other), cap)
    else:
        stripe = sample_accent(rng, colour)
        paint = layered(
            colour,
            (between(2, -0.16 * radius, 0.16 * radius), stripe),
            (between(2, -0.05 * radius, 0.05 * radius), colour),
        )
    sphere = ellipsoid((radius,) * 3, paint, segments=36, gloss=0.3)
    turned = move((sphere,), rotation=rotation("x", rng.uniform(0, 360)))
    return move(turned, rotation=rotation("y", rng.uniform(0, 360)))


def key(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A ring-shaped bow, a shaft and teeth at its end, lying flat."""
    ring, shaft, high = rng.uniform(0.018, 0.022), rng.uniform(0.055, 0.065), 0.006
    metal = colour if rng.random() < 0.6 else sample_metal(rng)
    band = ring * rng.uniform(0.45, 0.6)
    bow = ribbon(arc(ring, 0, 345, 24), band, high, colour, closed=True, gloss=0.6)
    bar = ribbon([(ring, 0), (ring + shaft, 0)], 0.0085, high, metal, gloss=0.7)
    collar = ribbon([(ring + 0.006, 0), (ring + 0.011, 0)], 0.015, high * 1.2, metal, gloss=0.7)
    parts = [bow, bar, collar]
    for step, reach in enumerate(rng.uniform(0.01, 0.017, size=3)):
        x = ring + shaft - 0.004 - 0.0095 * step
        parts.append(ribbon([(x, 0.002), (x, reach)], 0.006, high, metal, gloss=0.7))
    return tuple(parts)
