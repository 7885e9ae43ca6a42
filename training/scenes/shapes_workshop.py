# SPDX-License-Identifier: Apache-2.0
"""Workshop and cleaning things: pliers, saw, drill, paintbrush, bolt, clamp, brushes, spray."""

from __future__ import annotations

import numpy as np

from .colours import RGB, sample_accent, sample_metal, shade
from .mesh import Part, arc, box, ellipsoid, lathe, move, ribbon, rotation, slab, tube
from .noise import Noise
from .paint import between, layered


def pliers(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """Two crossed levers: short jaws of metal, long curved grips of the colour."""
    metal, spread = sample_metal(rng), rng.uniform(0.012, 0.022)
    length, parts = rng.uniform(0.085, 0.1), []
    for side in (-1, 1):
        along = np.linspace(0, 1, 10)
        grip = np.stack([-length * along, side * (0.005 + spread * np.sin(1.9 * along))], axis=1)
        handle = ribbon(grip, 0.013, 0.011, colour, gloss=0.3)
        jaw = np.stack([0.045 * along, -side * 0.006 * (1 - along) - side * 0.002], axis=1)
        wide = np.interp(along, [0, 0.3, 1], [0.016, 0.013, 0.005])
        parts += [handle, ribbon(jaw, wide, 0.01, metal, gloss=0.6)]
    pivot = lathe([(0.009, 0), (0.009, 0.0135), (0, 0.0135)], shade(metal, 0.8), segments=18)
    return (*parts, pivot)


def saw(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A hand saw, lying: a tapered blade with teeth and a closed grip of the colour."""
    length, wide = rng.uniform(0.14, 0.165), rng.uniform(0.04, 0.048)
    metal, teeth = sample_metal(rng), int(rng.integers(18, 26))
    share = np.linspace(0, 1, 2 * teeth)
    tooth = np.where(np.arange(2 * teeth) % 2, 0.003, -0.003)
    low = -wide / 2 + tooth
    high = np.interp(share, [0, 1], [wide / 2, -wide * 0.1])
    middle = np.stack([share * length, (low + high) / 2], axis=1)
    blade = ribbon(middle, high - low, 0.0018, metal, gloss=0.6)
    grip = np.array([(0.012, -0.018), (-0.02, -0.03), (-0.05, -0.012), (-0.045, 0.022)])
    loop = np.concatenate([grip, [(-0.015, 0.03), (0.012, 0.022)]])
    handle = ribbon(loop, 0.015, 0.016, colour, closed=True, gloss=0.25)
    return (blade.moved((0, 0, 0.007)), handle)


def drill(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A cordless drill lying on its side: body, chuck with a bit, grip and battery."""
    radius, length = rng.uniform(0.019, 0.022), rng.uniform(0.08, 0.095)
    dark, metal = (0.1, 0.1, 0.11), sample_metal(rng)
    vents = (lambda p: (p[:, 2] < 0.022) & ((p[:, 2] % 0.006) < 0.002), dark)
    body = [(0, 0), (radius * 0.8, 0.002), (radius, 0.015), (radius, length)]
    body.append((radius * 0.7, length))
    chuck = [(radius * 0.72, length), (radius * 0.66, length + 0.02), (0.006, length + 0.032)]
    bit = [(0.003, length + 0.03), (0.003, length + 0.075), (0, length + 0.08)]

    def spiral(points: np.ndarray) -> np.ndarray:
        return np.cos(500 * points[:, 2] + np.arctan2(points[:, 1], points[:, 0])) > 0.2

    along = rotation("y", 90)
    turned = [
        lathe(body, layered(colour, vents), gloss=0.35),
        lathe(chuck, layered(dark, (between(2, length + 0.008, length + 0.012), metal)), gloss=0.5),
        lathe(bit, layered(metal, (spiral, shade(metal, 0.5))), segments=12, gloss=0.7),
    ]
    parts = [part.moved((0, 0, radius), along) for part in turned]
    grip = ribbon([(0.03, -0.01), (0.018, -0.085)], [0.026, 0.028], 0.026, dark, gloss=0.15)
    battery = box((0.06, 0.03, 0.034), colour, gloss=0.3)
    trigger = slab(0.01, 0.016, 0.014, 0.003, shade(colour, 0.7)).moved((0.047, -0.03, 0.012))
    return (
        *parts,
        grip.moved((0, 0, radius - 0.013)),
        battery.moved((0.018, -0.095, 0.004)),
        trigger,
    )


def paintbrush(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A flat brush: grip of the colour, metal band, bristles that may be wet with paint."""
    wide, length = rng.uniform(0.03, 0.045), rng.uniform(0.085, 0.105)
    share, high = np.linspace(0, 1, 12), 0.009
    grip = ribbon(
        np.stack([-share * length, 0 * share], axis=1),
        wide * np.interp(share, [0, 0.15, 0.45, 0.8, 1], [0.95, 0.6, 0.3, 0.42, 0.25]),
        high,
        colour,
        gloss=0.35,
    )
    band = box((0.022, wide, high * 1.1), sample_metal(rng), gloss=0.6).moved((0.011, 0, 0))
    paint = sample_accent(rng, colour) if rng.random() < 0.5 else (0.75, 0.62, 0.42)
    noise = Noise(rng)
    hairs = (lambda p: noise(p[:, 0] * 15, p[:, 1] * 900) > 0.6, (0.5, 0.38, 0.22))
    wet = (between(0, 0.045, 1), paint)
    line = np.stack([0.02 + share * 0.045, 0 * share], axis=1)
    tips = ribbon(line, wide * (0.96 - 0.15 * share), high, layered((0.66, 0.52, 0.32), hairs, wet))
    return (grip, band, tips)


def bolt(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A large bolt with a six-sided head and a thread, lying or on its head."""
    radius, length = rng.uniform(0.009, 0.011), rng.uniform(0.05, 0.065)
    thread = (lambda p: (p[:, 2] % 0.0042) < 0.0018, shade(colour, 0.6))
    shaft = lathe(
        [(radius, 0.014), (radius, length), (0, length)], layered(colour, thread), gloss=0.7
    )
    side = radius * 1.85
    head = lathe(
        [(0, 0), (side, 0), (side, 0.014), (0, 0.014)], colour, segments=6, gloss=0.7, crease=10
    )
    parts = (head, shaft)
    if rng.random() < 0.6:
        return move(parts, rotation=rotation("y", 90) @ rotation("z", 30))
    return parts


def tape_measure(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A round-cornered case with a disc on its side and some of its yellow tape out."""
    wide, deep, high = rng.uniform(0.055, 0.065), rng.uniform(0.03, 0.036), rng.uniform(0.052, 0.06)
    accent = sample_accent(rng, colour)

    def disc(points: np.ndarray) -> np.ndarray:
        return np.hypot(points[:, 0], points[:, 1]) < wide * 0.3

    case = slab(wide, high, deep, 0.016, layered(colour, (disc, accent)), gloss=0.35)
    ticks = (lambda p: (p[:, 0] % 0.008) < 0.0018, (0.08, 0.08, 0.08))
    out = rng.uniform(0.03, 0.08)
    strip = box((out, 0.0012, 0.02), layered((0.95, 0.8, 0.15), ticks), gloss=0.3)
    hook = box((0.002, 0.008, 0.018), (0.6, 0.6, 0.62), gloss=0.6)
    x = wide / 2 + out / 2
    standing = rng.random() < 0.5
    parts = (
        case,
        strip.moved((x, -high / 2 + 0.004, 0.006)),
        hook.moved((x + out / 2, -high / 2 + 0.006, 0.007)),
    )
    return move(parts, rotation=rotation("x", 90)) if standing else parts


def scrub_brush(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A block with a bent back above a field of stiff bristles."""
    long, wide, low = rng.uniform(0.085, 0.1), rng.uniform(0.038, 0.046), 0.018
    pale, noise = (0.92, 0.9, 0.82), Noise(rng)
    tuft = (lambda p: noise(p[:, 0] * 260, p[:, 1] * 260) > 0.55, shade(pale, 0.6))
    hair = slab(long * 0.94, wide * 0.9, low, 0.012, layered(pale, tuft), gloss=0.05)
    back = ellipsoid((long / 2, wide / 2, 0.016), colour, power=0.6, segments=32, gloss=0.35)
    return (hair, back.moved((0, 0, low + 0.004)))


def clamp(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A screw clamp lying: a frame like a C and a threaded rod with a cross bar."""
    wide, tall = rng.uniform(0.05, 0.06), rng.uniform(0.075, 0.09)
    frame = [(wide, tall), (0.008, tall), (0, tall - 0.01), (0, 0.01), (0.008, 0), (wide, 0)]
    metal = sample_metal(rng)
    body = ribbon(frame, 0.013, 0.014, colour, gloss=0.3)
    thread = (lambda p: (p[:, 1] % 0.004) < 0.0016, shade(metal, 0.6))
    path = [(wide, -0.045, 0.007), (wide, tall * 0.55, 0.007)]
    rod = tube(path, 0.005, layered(metal, thread), sides=12, gloss=0.6)
    bar = tube(
        [(wide - 0.025, -0.04, 0.007), (wide + 0.025, -0.04, 0.007)], 0.003, metal, gloss=0.6
    )
    foot = box((0.018, 0.006, 0.014), metal, gloss=0.6).moved((wide, tall * 0.58, 0))
    return (body, rod, bar, foot)


def spray_bottle(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A bottle with a trigger head and a label."""
    radius, height = rng.uniform(0.03, 0.036), rng.uniform(0.11, 0.13)
    accent, head = sample_accent(rng, colour), sample_accent(rng, colour)
    label = (between(2, height * 0.2, height * 0.55), accent)
    body = [(0, 0), (radius, 0), (radius, height * 0.62), (radius * 0.4, height * 0.85)]
    body += [(radius * 0.38, height)]
    neck = lathe([(radius * 0.45, height), (radius * 0.45, height + 0.012)], head, segments=20)
    top = slab(0.06, 0.022, 0.02, 0.006, head, gloss=0.3).moved((0.012, 0, height + 0.01))
    nose = lathe([(0.007, 0), (0.006, 0.014), (0, 0.014)], shade(head, 0.8), segments=12)
    path = [(0.025, 0, height + 0.012), (0.036, 0, height - 0.012), (0.03, 0, height - 0.03)]
    return (
        lathe(body, layered(colour, label), gloss=0.6),
        neck,
        top,
        nose.moved((0.04, 0, height + 0.02), rotation("y", 90)),
        tube(path, [0.005, 0.005, 0.004], shade(head, 0.9), sides=8),
    )


def gear(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A flat toothed wheel with a hole."""
    radius, high = rng.uniform(0.03, 0.038), rng.uniform(0.012, 0.018)
    teeth = int(rng.integers(9, 15))
    middle, hole = radius * 0.65, radius * rng.uniform(0.18, 0.3)
    ring = arc(middle, 0, 360 - 360 / 48, 48)
    parts = [ribbon(ring, 2 * (radius - middle) * 0.75, high, colour, closed=True, gloss=0.5)]
    hub = arc((hole + middle * 0.8) / 2, 0, 350, 36)
    parts.append(
        ribbon(hub, middle * 0.85 - hole, high * 0.8, shade(colour, 0.9), closed=True, gloss=0.5)
    )
    for number in range(teeth):
        tooth = box((radius * 0.2, radius * 0.22, high), colour, gloss=0.5)
        turn = rotation("z", 360 * number / teeth)
        parts.append(tooth.moved((radius * 0.98, 0, 0)).moved(rotation=turn))
    return tuple(parts)


def bowling_pin(rng: np.random.Generator, colour: RGB) -> tuple[Part, ...]:
    """A skittle with bands round its neck, standing or fallen."""
    radius, height = rng.uniform(0.02, 0.024), rng.uniform(0.1, 0.12)
    share = np.linspace(0, 1, 20)
    wide = np.interp(share, [0, 0.3, 0.62, 0.72, 0.88, 0.97, 1], [0.6, 1, 0.5, 0.42, 0.55, 0.35, 0])

    def bands(points: np.ndarray) -> np.ndarray:
        neck = np.abs(points[:, 2] / height - 0.68) < 0.06
        return neck & ((points[:, 2] % 0.008) < 0.0045)

    paint = layered(colour, (bands, sample_accent(rng, colour)))
    pin = (lathe([(0, 0), *np.stack([radius * wide, height * share], axis=1)], paint, gloss=0.6,
                 crease=70),)  # fmt: skip
    return move(pin, rotation=rotation("y", 90)) if rng.random() < 0.4 else pin
