# SPDX-License-Identifier: Apache-2.0
"""The named colours of objects, as ranges of hue, saturation and value that do not overlap."""

from __future__ import annotations

import colorsys
from typing import TypeAlias

import numpy as np

RGB: TypeAlias = tuple[float, float, float]
"""sRGB, each channel in [0, 1]."""

_RANGES: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    # name: hue in degrees, saturation, value
    "red": ((355.0, 363.0), (0.80, 0.95), (0.62, 0.90)),
    "orange": ((22.0, 29.0), (0.88, 1.00), (0.92, 1.00)),
    "yellow": ((49.0, 55.0), (0.75, 0.95), (0.90, 1.00)),
    "green": ((105.0, 150.0), (0.60, 0.90), (0.40, 0.72)),
    "blue": ((208.0, 228.0), (0.70, 0.95), (0.50, 0.92)),
    "purple": ((268.0, 284.0), (0.55, 0.80), (0.42, 0.72)),
    "pink": ((332.0, 345.0), (0.35, 0.52), (0.94, 1.00)),
    "white": ((30.0, 60.0), (0.00, 0.05), (0.92, 0.98)),
    "black": ((0.0, 360.0), (0.00, 0.15), (0.06, 0.12)),
    "grey": ((0.0, 360.0), (0.00, 0.05), (0.46, 0.60)),
    "brown": ((18.0, 26.0), (0.52, 0.68), (0.34, 0.48)),
}

COLOURS: tuple[str, ...] = tuple(_RANGES)
"""Every colour name that an object can have."""

VIVID: tuple[str, ...] = ("red", "orange", "yellow", "green", "blue", "purple", "pink")


def sample_colour(rng: np.random.Generator, name: str) -> RGB:
    """A random shade that a person would still call `name`; sRGB in [0, 1]."""
    if name not in _RANGES:
        raise ValueError(f"colour {name!r} is unknown; it must be one of {', '.join(COLOURS)}")
    hue, saturation, value = (float(rng.uniform(*bounds)) for bounds in _RANGES[name])
    return colorsys.hsv_to_rgb(hue % 360.0 / 360.0, saturation, value)


def sample_accent(rng: np.random.Generator, beside: RGB) -> RGB:
    """A second colour, mostly neutral, that stands out against the colour `beside`."""
    names = ("white", "black", "grey", *VIVID)
    for _ in range(8):
        weights = np.array([4.0, 2.0, 2.0] + [0.5] * len(VIVID))
        name = str(rng.choice(names, p=weights / weights.sum()))
        colour = sample_colour(rng, name)
        if sum(abs(a - b) for a, b in zip(colour, beside, strict=True)) > 0.6:
            return colour
    return (0.95, 0.95, 0.93) if sum(beside) < 1.5 else (0.08, 0.08, 0.08)


def sample_metal(rng: np.random.Generator) -> RGB:
    """A steel grey; sRGB in [0, 1]."""
    value = float(rng.uniform(0.58, 0.74))
    return (value, value, value * float(rng.uniform(1.0, 1.05)))


def shade(colour: RGB, factor: float) -> RGB:
    """`colour` made darker (factor below 1) or lighter (above 1), kept in [0, 1]."""
    red, green, blue = (min(1.0, channel * factor) for channel in colour)
    return (red, green, blue)
