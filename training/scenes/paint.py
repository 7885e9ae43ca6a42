# SPDX-License-Identifier: Apache-2.0
"""Paints: functions from points on a part, in its own frame before posing, to colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .colours import RGB
from .noise import Noise

Points: TypeAlias = NDArray[np.float32]
"""(N, 3) float32, metres."""
Paint: TypeAlias = Callable[[Points], NDArray[np.float32]]
"""Points (N, 3) to sRGB colours (N, 3) float32 in [0, 1]."""
Mask: TypeAlias = Callable[[Points], NDArray[np.bool_]]
"""Points (N, 3) to (N,) bool."""


def plain(colour: RGB) -> Paint:
    """The same colour everywhere."""
    value = np.asarray(colour, dtype=np.float32)
    return lambda points: np.broadcast_to(value, points.shape)


def layered(base: Paint | RGB, *layers: tuple[Mask, RGB]) -> Paint:
    """`base`, then each colour wherever its mask holds; later layers lie on top."""
    ground = base if callable(base) else plain(base)

    def paint(points: Points) -> NDArray[np.float32]:
        colours = np.array(ground(points))
        for mask, colour in layers:
            colours[mask(points)] = colour
        return colours

    return paint


def mottled(base: Paint | RGB, noise: Noise, scale: float, strength: float) -> Paint:
    """`base` with its brightness varied by up to +-`strength` in blotches of `scale` metres."""
    ground = base if callable(base) else plain(base)

    def paint(points: Points) -> NDArray[np.float32]:
        x = (points[:, 0] + 0.7 * points[:, 2]) / scale
        y = (points[:, 1] - 0.4 * points[:, 2]) / scale
        factor = 1 + strength * (2 * noise.fractal(x, y, 2) - 1)
        return np.clip(ground(points) * factor[:, None], 0, 1).astype(np.float32)

    return paint


def between(axis: int, low: float, high: float) -> Mask:
    """Points whose coordinate on `axis` lies in [low, high)."""
    return lambda points: (points[:, axis] >= low) & (points[:, axis] < high)


def near(centre: tuple[float, float, float], radius: float) -> Mask:
    """Points closer to `centre` than `radius`."""
    middle = np.asarray(centre, dtype=np.float32)
    return lambda points: ((points - middle) ** 2).sum(axis=1) < radius * radius


def every(*masks: Mask) -> Mask:
    """Points where all the masks hold."""

    def mask(points: Points) -> NDArray[np.bool_]:
        held = masks[0](points)
        for other in masks[1:]:
            held = held & other(points)
        return held

    return mask
