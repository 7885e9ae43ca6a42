# SPDX-License-Identifier: Apache-2.0
"""Random surfaces of tables, floors and walls, as functions of the point on them."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np

from .colours import RGB
from .noise import Noise
from .paint import Paint, Points

_Field = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _hsv(hue: float, saturation: float, value: float) -> RGB:
    return colorsys.hsv_to_rgb(hue / 360 % 1.0, saturation, value)


def _surface_colour(rng: np.random.Generator) -> RGB:
    style = rng.choice(["wood", "light", "dark", "muted"], p=[0.35, 0.25, 0.12, 0.28])
    if style == "wood":
        return _hsv(rng.uniform(20, 40), rng.uniform(0.25, 0.6), rng.uniform(0.35, 0.85))
    if style == "light":
        return _hsv(rng.uniform(0, 360), rng.uniform(0, 0.08), rng.uniform(0.65, 0.92))
    if style == "dark":
        return _hsv(rng.uniform(0, 360), rng.uniform(0, 0.3), rng.uniform(0.14, 0.3))
    return _hsv(rng.uniform(0, 360), rng.uniform(0.12, 0.5), rng.uniform(0.4, 0.8))


def _second_colour(rng: np.random.Generator, colour: RGB) -> RGB:
    if rng.random() < 0.25:
        return _surface_colour(rng)
    factor = rng.uniform(0.6, 0.85) if rng.random() < 0.65 else rng.uniform(1.15, 1.4)
    red, green, blue = (float(min(1.0, channel * factor)) for channel in colour)
    return (red, green, blue)


def _wood(rng: np.random.Generator) -> _Field:
    noise, plank = Noise(rng), rng.uniform(0.06, 0.2)
    grain, wave = rng.uniform(60, 140), rng.uniform(2, 7)

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        board = np.floor(y / plank)
        along = x + 7.3 * board
        rings = y * grain + wave * noise.fractal(along * 4, y * 9, 2)
        fibre = noise(along * 12, y * 420)
        seam = (y / plank - board < 0.03).astype(np.float32)
        tone = 0.25 * noise(board, board * 0.37)
        return 0.45 * (0.5 + 0.5 * np.sin(rings)) + 0.3 * fibre + tone + 0.6 * seam

    return field


def _checker(rng: np.random.Generator) -> _Field:
    side, noise = rng.uniform(0.025, 0.09), Noise(rng)

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        odd = (np.floor(x / side) + np.floor(y / side)) % 2
        return 0.85 * odd + 0.15 * noise.fractal(x * 40, y * 40, 2)

    return field


def _tiles(rng: np.random.Generator) -> _Field:
    side, gap, noise = rng.uniform(0.06, 0.16), rng.uniform(0.02, 0.05), Noise(rng)

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        u, v = x / side, y / side
        joint = (u % 1 < gap) | (v % 1 < gap)
        tone = noise(np.floor(u) * 3.7, np.floor(v) * 5.3)
        return np.where(joint, 1.0, 0.35 * tone + 0.15 * noise.fractal(x * 25, y * 25, 2))

    return field


def _marble(rng: np.random.Generator) -> _Field:
    noise, scale, power = Noise(rng), rng.uniform(5, 25), rng.uniform(1, 4)

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        warp = noise.fractal(x * scale, y * scale, 4)
        vein = np.abs(2 * noise.fractal(x * scale + 3 * warp, y * scale - 2 * warp, 2) - 1)
        return (1 - vein) ** power

    return field


def _speckle(rng: np.random.Generator) -> _Field:
    noise, scale = Noise(rng), rng.uniform(120, 400)

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.clip(3 * noise(x * scale, y * scale) - 1.6, 0, 1)

    return field


def _cloth(rng: np.random.Generator) -> _Field:
    noise, thread = Noise(rng), rng.uniform(250, 600)
    period, share = rng.uniform(0.03, 0.14), rng.uniform(0.15, 0.5)
    crossed = rng.random() < 0.6

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        bands = (x / period % 1 < share).astype(np.float32)
        if crossed:
            bands = 0.5 * (bands + (y / period % 1 < share))
        weave = 0.25 * np.sin(x * thread) * np.sin(y * thread)
        return 0.75 * bands + weave + 0.2 * noise.fractal(x * 12, y * 12, 2)

    return field


def _dots(rng: np.random.Generator) -> _Field:
    period, size = rng.uniform(0.03, 0.08), rng.uniform(0.15, 0.32)

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        u, v = x / period, y / period
        u = u + 0.5 * (np.floor(v) % 2)
        return ((u % 1 - 0.5) ** 2 + (v % 1 - 0.5) ** 2 < size * size).astype(np.float32)

    return field


def _plain(rng: np.random.Generator) -> _Field:
    noise, scale = Noise(rng), rng.uniform(3, 30)
    strength = rng.uniform(0.1, 0.5)
    return lambda x, y: strength * noise.fractal(x * scale, y * scale, 3)


_KINDS = (_wood, _checker, _tiles, _marble, _speckle, _cloth, _dots, _plain)
_WEIGHTS = (0.27, 0.07, 0.08, 0.12, 0.08, 0.14, 0.06, 0.18)


def random_surface(
    rng: np.random.Generator, axes: tuple[int, int] = (0, 1), stretch: float = 1.0
) -> Paint:
    """The paint of a random surface that lies along two `axes`; `stretch` enlarges its pattern."""
    make = _KINDS[int(rng.choice(len(_KINDS), p=_WEIGHTS))]
    field = make(rng)
    first = np.asarray(_surface_colour(rng), np.float32)
    second = np.asarray(_second_colour(rng, (first[0], first[1], first[2])), np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    cos, sin = np.float32(np.cos(turn) / stretch), np.float32(np.sin(turn) / stretch)
    origin = rng.uniform(0, 50, size=2).astype(np.float32)

    def paint(points: Points) -> np.ndarray:
        a, b = points[:, axes[0]], points[:, axes[1]]
        x, y = cos * a - sin * b + origin[0], sin * a + cos * b + origin[1]
        share = np.clip(field(x, y), 0, 1).astype(np.float32)[:, None]
        return first * (1 - share) + second * share

    return paint
