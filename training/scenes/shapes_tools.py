# SPDX-License-Identifier: Apache-2.0
"""Tools: hammer, screwdriver, scissors, wrench, flashlight, tape."""

from __future__ import annotations

import numpy as np

from .colours import RGB, sample_accent, sample_metal, shade
from .mesh import Part, arc, box, lathe, move, ribbon, rotation, tube
from .paint import Paint, between, layered


def hammer(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A handle, and across its end a steel head with a face and a split claw; lying."""
    length, metal = rng.uniform(0.15, 0.17), shade(sample_metal(rng), rng.uniform(0.55, 0.9))
    share = np.linspace(0, 1, 14)
    radii = np.interp(share, [0, 0.04, 0.35, 0.45, 1], [0.009, 0.0115, 0.0105, 0.008, 0.008])
    path = np.stack([share * length, 0 * share, 0 * share + 0.014], axis=1)
    wood = (0.68, 0.5, 0.3)
    paint: Paint = layered(colour)
    if rng.random() < 0.4:
        paint = layered(colour, (between(0, length * 0.62, 1), wood))
    face = [
        (0, -0.045),
        (0.0155, -0.045),
        (0.0155, -0.032),
        (0.011, -0.026),
        (0.011, 0.012),
        (0, 0.012),
    ]
    head = lathe(face, metal, segments=20, gloss=0.6).moved(
        (length - 0.006, 0, 0.014), rotation("x", 90)
    )
    parts = [tube(path, radii, paint, gloss=0.25), head]
    bend = np.linspace(0, 1, 9)
    for side in (-1, 1):
        claw = np.stack(
            [
                length - 0.006 + side * (0.004 + 0.0035 * bend) - 0.016 * bend**2,
                -0.008 - 0.042 * bend,
                0 * bend,
            ],
            axis=1,
        )
        parts.append(
            ribbon(claw[:, :2], 0.0085 - 0.003 * bend, 0.012, metal, heights=0.008, gloss=0.6)
        )
    return tuple(parts)


def screwdriver(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A thick fluted handle and a thin steel shaft with a flat tip, lying."""
    grip, shaft = rng.uniform(0.07, 0.08), rng.uniform(0.075, 0.095)
    thick, metal, accent = rng.uniform(0.0135, 0.016), sample_metal(rng), sample_accent(rng, colour)
    profile = [
        (0, 0),
        (0.7, 0),
        (0.95, 0.06),
        (1, 0.2),
        (1, 0.7),
        (0.6, 0.8),
        (0.72, 0.92),
        (0.6, 1),
        (0, 1),
    ]
    flutes = int(rng.integers(6, 9))

    def groove(points: np.ndarray) -> np.ndarray:
        turn = np.cos(flutes * np.arctan2(points[:, 1], points[:, 0]))
        return (turn > 0.55) & (points[:, 2] > 0.12 * grip) & (points[:, 2] < 0.72 * grip)

    groove_colour = accent if rng.random() < 0.5 else shade(colour, 0.6)
    handle = lathe(
        np.asarray(profile) * [thick, grip],
        layered(colour, (groove, groove_colour)),
        gloss=0.35,
        crease=60,
    )
    rod = tube([(0, 0, grip), (0, 0, grip + shaft)], 0.0036, metal, sides=10, gloss=0.7)
    share = np.linspace(0, 1, 5)
    tip = ribbon(
        np.stack([0.014 * share, 0 * share], axis=1),
        np.interp(share, [0, 0.5, 1], [0.006, 0.011, 0.009]),
        0.003,
        metal,
        gloss=0.7,
    )
    lying = move((handle, rod), rotation=rotation("y", 90))
    return (*lying, tip.moved((grip + shaft - 0.003, 0, -0.0015)))


def scissors(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """Two finger rings and two steel blades that cross at a pivot."""
    metal, opening = sample_metal(rng), rng.uniform(8, 26)
    blade, arm = rng.uniform(0.075, 0.09), rng.uniform(0.03, 0.036)
    ring_long, ring_wide = rng.uniform(0.02, 0.023), rng.uniform(0.0145, 0.017)
    parts: list[Part] = []
    share = np.linspace(0, 1, 8)
    for side in (-1, 1):
        steel = ribbon(
            np.stack([share * blade, side * 0.002 * (1 - share)], axis=1),
            np.interp(share, [0, 0.15, 1], [0.009, 0.013, 0.002]),
            0.0022,
            metal,
            heights=0.006 + 0.0012 * side,
            gloss=0.8,
        )
        shank = ribbon(
            np.stack([-share * arm, -side * 0.004 * share], axis=1),
            0.009,
            0.008,
            layered(colour, (between(0, -0.006, 1), metal)),
            heights=0.003,
            gloss=0.3,
        )
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        loop = np.stack(
            [
                -arm - ring_long * 0.85 + ring_long * np.cos(turn),
                -side * (0.004 + ring_wide * 0.55) + ring_wide * np.sin(turn),
                0 * turn + 0.0065,
            ],
            axis=1,
        )
        ring = tube(loop, 0.0052, colour, sides=10, closed=True, gloss=0.35)
        parts += move((steel, shank, ring), rotation=rotation("z", side * opening / 2))
    screw = [(0, 0.0115), (0.0045, 0.0115), (0.0045, 0.003)]
    return (*parts, lathe(screw, shade(metal, 0.7), segments=14, gloss=0.6))


def wrench(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A flat bar with an open jaw at one end and a ring or a second jaw at the other."""
    length, high = rng.uniform(0.1, 0.12), 0.008
    share = np.linspace(0, 1, 10)
    waist = np.interp(share, [0, 0.15, 0.85, 1], [0.019, 0.015, 0.015, 0.019])
    bar = ribbon(np.stack([share * length, 0 * share], axis=1), waist, high, colour, gloss=0.7)
    groove = ribbon(
        np.stack([length * (0.25 + 0.5 * share), 0 * share], axis=1),
        0.006,
        high * 1.05,
        shade(colour, 0.7),
    )

    def jaw(radius: float, tilt: float) -> Part:
        gap = 52
        curve = arc(radius, gap, 360 - gap, 20)
        wide = np.interp(
            np.linspace(0, 1, 20), [0, 0.25, 0.5, 0.75, 1], [0.8, 1.05, 1.2, 1.05, 0.8]
        )
        claw = ribbon(curve, wide * radius * 0.78, high * 1.15, colour, gloss=0.7)
        return claw.moved((length + radius * 0.9, 0, 0), rotation("z", tilt))

    tilt = float(rng.choice([-1.0, 1.0])) * 15
    parts = [bar, groove, jaw(rng.uniform(0.0165, 0.019), tilt)]
    if rng.random() < 0.65:
        radius = rng.uniform(0.013, 0.015)
        eye = ribbon(
            arc(radius, 0, 345, 24), radius * 0.7, high * 1.15, colour, closed=True, gloss=0.7
        )
        parts.append(eye.moved((-radius * 0.9, 0, 0)))
    else:
        end = jaw(0.0145, -tilt).moved((-length, 0, 0))
        parts.append(end.moved((0, 0, 0), rotation("z", 180)))
    return tuple(parts)


def flashlight(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A torch: a ringed barrel that widens to a head with a bright lens, lying."""
    length, barrel = rng.uniform(0.12, 0.145), rng.uniform(0.013, 0.0155)
    head, split = barrel * rng.uniform(1.6, 1.9), rng.uniform(0.66, 0.72)
    accent, metal = sample_accent(rng, colour), sample_metal(rng)
    profile = [(0, 0), (barrel * 0.9, 0), (barrel, 0.004), (barrel, split * length)]
    profile += [(head, (split + 0.12) * length), (head, length), (head * 0.86, length)]
    dark = shade(colour, 0.55)

    def knurl(points: np.ndarray) -> np.ndarray:
        along = points[:, 2] / length
        return (along > 0.12) & (along < 0.5) & ((points[:, 2] % 0.012) < 0.005)

    body = layered(
        colour,
        (knurl, dark),
        (between(2, 0.94 * length, 1), metal),
        (between(2, -1, 0.05 * length), accent),
    )
    lens = [(head * 0.88, length * 0.995), (0, length * 0.985)]
    glass = layered(
        (0.75, 0.75, 0.72), (lambda p: np.hypot(p[:, 0], p[:, 1]) < head * 0.55, (1.0, 0.96, 0.75))
    )
    button = box((0.018, 0.01, 0.004), accent, gloss=0.3).moved((0.6 * length, 0, barrel - 0.0008))
    shell = (
        lathe(profile, body, gloss=0.5, crease=25),
        lathe(lens, glass, gloss=0.9, glow=0.75 if rng.random() < 0.6 else 0.1),
    )
    return (*move(shell, rotation=rotation("y", 90)), button)


def _loose_end(outer: float, high: float, colour: RGB) -> Part:
    """The loose end of a roll of tape that leaves it along a tangent."""
    reach = np.linspace(0, 0.45 * outer, 5)
    line = np.stack([outer + 0.0008 + 0 * reach, reach], axis=1)
    return ribbon(line, 0.0012, high, colour, gloss=0.35)


def tape(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A roll of adhesive tape: a wide ring around a cardboard core, flat or on its edge."""
    outer, high = rng.uniform(0.042, 0.048), rng.uniform(0.022, 0.034)
    inner = outer * rng.uniform(0.6, 0.7)
    core = inner * 0.92
    card = (0.72, 0.57, 0.4)

    def layers(points: np.ndarray) -> np.ndarray:
        radius = np.hypot(points[:, 0], points[:, 1])
        return (radius < outer * 0.985) & ((radius % 0.005) < 0.0016)

    ring = [(inner, high), (outer, high), (outer, 0), (inner, 0)]
    card_ring = [(inner, high), (core, high), (core, 0), (inner, 0)]
    flap = _loose_end(outer, high, shade(colour, 1.1))
    parts = (
        lathe(ring, layered(colour, (layers, shade(colour, 0.82))), gloss=0.35),
        lathe(card_ring, card, gloss=0.05),
        flap,
    )
    return move(parts, rotation=rotation("x", 90)) if rng.random() < 0.3 else parts
