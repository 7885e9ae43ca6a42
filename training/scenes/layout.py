# SPDX-License-Identifier: Apache-2.0
"""Chooses objects and puts them on the table without overlap, where the camera sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .colours import sample_colour
from .mesh import Part, move, rotation
from .more_categories import ALL_CATEGORIES
from .scene import SceneConfig
from .world import World

_TRIES = 60
_ROUNDS = 6
_LEAST_VISIBLE = 0.4
_GAP = 0.006


@dataclass(frozen=True)
class Item:
    """One object, standing where it belongs."""

    category: str
    colour: str
    parts: tuple[Part, ...]
    footprint: NDArray[np.float64]
    """(4, 2) corners of the rectangle under it on the table, metres."""

    def points(self) -> NDArray[np.float32]:
        """All its vertices (V, 3) in the world."""
        return np.concatenate([part.points for part in self.parts])


@dataclass(frozen=True)
class TableTop:
    """A rectangle at height 0, turned about the vertical through `centre`."""

    half: NDArray[np.float64]
    """(2,) half of its length and width, metres."""
    centre: NDArray[np.float64]
    """(2,) metres."""
    turn: float
    """Degrees."""

    def holds(self, corners: NDArray[np.float64]) -> bool:
        """Whether all the points (N, 2) lie on it."""
        inside = (corners - self.centre) @ rotation("z", self.turn)[:2, :2]
        return bool((np.abs(inside) < self.half - 0.01).all())


def _choose(rng: np.random.Generator, config: SceneConfig) -> list[tuple[str, str]]:
    """Categories and colours of a scene: all different, but for at most one pair of a kind."""
    count = int(rng.integers(config.min_objects, config.max_objects + 1))
    unique = list(dict.fromkeys(config.categories))
    names = [str(n) for n in rng.permutation(unique)[:count]]
    while len(names) < count:
        names.append(str(rng.choice(unique)))
    if len(names) > 1 and rng.random() < config.twin_share:
        twins = [name for name in names if len(set(ALL_CATEGORIES[name].colours)) > 1]
        if twins:
            others = [index for index, name in enumerate(names) if name != twins[0]]
            if others:
                names[others[-1]] = twins[0]
    chosen: list[tuple[str, str]] = []
    for name in names:
        colours = ALL_CATEGORIES[name].colours
        taken = {colour for other, colour in chosen if other == name}
        free = [colour for colour in colours if colour not in taken] or list(colours)
        chosen.append((name, str(rng.choice(free))))
    return chosen


def _build(rng: np.random.Generator, category: str, colour: str) -> Item:
    """A new instance about the origin, resting on the table, turned at random."""
    parts = ALL_CATEGORIES[category].build(rng, sample_colour(rng, colour))
    scale, yaw = float(rng.uniform(0.92, 1.15)), float(rng.uniform(0, 360))
    points = np.concatenate([part.points for part in parts])
    low, high = points.min(axis=0) * scale, points.max(axis=0) * scale
    middle = (low + high) / 2
    parts = move(parts, (-middle[0], -middle[1], -low[2]), scale=scale)
    parts = move(parts, rotation=rotation("z", yaw))
    half = (high - low)[:2] / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    return Item(category, colour, parts, corners @ rotation("z", yaw)[:2, :2].T)


def _overlap(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Whether two rectangles (4, 2) come closer than the gap along every one of their sides."""
    for rectangle in (first, second):
        for side in (rectangle[1] - rectangle[0], rectangle[3] - rectangle[0]):
            along = side / np.linalg.norm(side)
            a, b = first @ along, second @ along
            if a.max() + _GAP < b.min() or b.max() + _GAP < a.min():
                return False
    return True


def _place(
    rng: np.random.Generator, item: Item, others: list[Item], camera: Camera, table: TableTop
) -> Item | None:
    """`item` at a free place in the camera's view, or None where none was found."""
    points = item.points()
    frame = np.array([camera.width, camera.height])
    margin = 0.02 * frame
    for _ in range(_TRIES):
        if others and rng.random() < 0.45:
            beside = others[int(rng.integers(len(others)))].footprint
            heading, reach = rng.uniform(0, 2 * np.pi), np.ptp(item.footprint, axis=0).max() / 2
            reach += np.ptp(beside, axis=0).max() / 2
            reach *= rng.uniform(0.7, 1.15)
            spot = beside.mean(axis=0) + reach * np.array([np.cos(heading), np.sin(heading)])
        else:
            pixel = frame * rng.uniform([0.06, 0.16], [0.94, 0.92])
            ray = camera.rays(pixel[None])[0]
            if ray[2] > -0.05:
                continue
            spot = (camera.position - ray * camera.position[2] / ray[2])[:2]
        footprint = item.footprint + spot
        if not table.holds(footprint):
            continue
        if any(_overlap(footprint, other.footprint) for other in others):
            continue
        shift = np.array([spot[0], spot[1], 0.0])
        pixels = camera.project(points + shift)
        inside = ((pixels > margin) & (pixels < frame - 1 - margin)).all(axis=1)
        span = np.ptp(pixels, axis=0).max() / camera.width
        if inside.mean() < 0.93 or span > 0.45:
            continue
        return replace(item, parts=move(item.parts, shift.tolist()), footprint=footprint)
    return None


def _visible_shares(
    rng: np.random.Generator, items: list[Item], camera: Camera
) -> NDArray[np.float64]:
    """(items,) share of each item's camera-facing side that nothing else hides."""
    parts = [part for item in items for part in item.parts]
    owners = [i for i, item in enumerate(items) for _ in item.parts]
    world = World(parts, owners)
    shares = np.zeros(len(items))
    for index, item in enumerate(items):
        corners = np.concatenate([part.points[part.faces] for part in item.parts])
        middle = corners.mean(axis=1).astype(np.float64)
        area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        weights = np.abs((area * (camera.position - middle)).sum(axis=1)) + 1e-15
        targets = middle[rng.choice(len(middle), 120, p=weights / weights.sum())]
        shares[index] = (world.owners(camera.position, targets) == index).mean()
    return shares


def arrange(
    rng: np.random.Generator, config: SceneConfig, camera: Camera, table: TableTop
) -> list[Item]:
    """Objects on the table, each at least two fifths visible; fewer than asked if it is full."""
    loose = [_build(rng, *choice) for choice in _choose(rng, config)]
    placed: list[Item] = []
    pending = loose
    for _ in range(_ROUNDS):
        refused: list[Item] = []
        for item in pending:
            found = _place(rng, item, placed, camera, table)
            if found is None:
                refused.append(item)
            else:
                placed.append(found)
        if not placed:
            pending = refused
            continue
        shares = _visible_shares(rng, placed, camera)
        hidden = [
            item for item, share in zip(placed, shares, strict=True) if share < _LEAST_VISIBLE
        ]
        placed = [item for item in placed if not any(item is other for other in hidden)]
        pending = refused + [
            replace(
                item,
                parts=move(item.parts, (*-item.footprint.mean(axis=0), 0.0)),
                footprint=item.footprint - item.footprint.mean(axis=0),
            )
            for item in hidden
        ]
        if not pending:
            break
    return placed
