# SPDX-License-Identifier: Apache-2.0
"""Where things stand to one another, and the words that single one out of several alike.

All in the world of the simulation: x to the front (towards the scene camera), y to the right as
that camera sees it, z up, metres. Words are said from where the scene camera stands, also of what
the wrist camera sees, as LIBERO says them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .names import CONTAINERS, SUPPORTS

__all__ = ["Placed", "on_or_in", "relations", "which_of_alike"]

CLEARLY = 0.04
"""metres by which one must be farther than the next for a word that compares"""
NEXT_TO = 0.07
"""metres, greatest gap between things that stand next to each other"""
BESIDE = 0.30
"""metres, greatest gap to what something is said to be left or in front of"""


@dataclass(frozen=True)
class Placed:
    """A thing and its upright box.

    Attributes:
        name: in the scene, such as "plate_1".
        category: such as "plate".
        low, high: (3,) corners, metres.
        movable: whether it can be lifted.
    """

    name: str
    category: str
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    movable: bool

    @property
    def middle(self) -> NDArray[np.float64]:
        """(3,) the box's."""
        return (self.low + self.high) / 2


def on_or_in(thing: Placed, other: Placed) -> str | None:
    """Whether a thing is "on" top of or "in"side another; None if neither."""
    if thing.name == other.name or not other.category:
        return None
    x, y, _ = thing.middle
    over = (other.low[:2] < (x, y)).all() and ((x, y) < other.high[:2]).all()
    if not over or thing.low[2] < other.low[2] - 0.01:
        return None
    if thing.low[2] > other.high[2] - 0.02:
        return "on"
    if other.category in CONTAINERS:
        return "in"
    shallow = other.category in SUPPORTS or (other.high - other.low)[2] < 0.09
    return "on" if shallow and thing.middle[2] > other.middle[2] else None


def relations(thing: Placed, others: Sequence[Placed]) -> Iterator[tuple[str, tuple[Placed, ...]]]:
    """What can be said of a thing's place by others: "left of", (the plate,); "between", (two,).

    Args:
        thing: of which it is said.
        others: by which it may be said.
    """
    for other in others:
        if other.name == thing.name:
            continue
        resting = on_or_in(thing, other)
        if resting is not None:
            yield resting, (other,)
            continue
        if on_or_in(other, thing) is not None:
            continue
        gap = _gap(thing, other)
        if gap < NEXT_TO:
            yield "next to", (other,)
        if gap < BESIDE:
            x, y, _ = thing.middle - other.middle
            if abs(y) > max(CLEARLY, 1.5 * abs(x)):
                yield ("right of" if y > 0 else "left of"), (other,)
            if abs(x) > max(CLEARLY, 1.5 * abs(y)):
                yield ("in front of" if x > 0 else "behind"), (other,)
    for place, one in enumerate(others):
        for other in others[place + 1 :]:
            if thing.name not in (one.name, other.name) and _is_between(thing, one, other):
                yield "between", (one, other)


def which_of_alike(thing: Placed, alike: Sequence[Placed]) -> list[str]:
    """Words that single a thing out of several alike by their directions: "left", "middle", ...

    Args:
        thing: one of `alike`.
        alike: two or more.
    """
    words = []
    for axis, (least, most) in ((1, ("left", "right")), (0, ("back", "front"))):
        own = thing.middle[axis]
        rest = [each.middle[axis] for each in alike if each.name != thing.name]
        if own < min(rest) - CLEARLY:
            words.append(least)
        if own > max(rest) + CLEARLY:
            words.append(most)
    if len(alike) == 3:
        middles = np.stack([each.middle[:2] for each in alike])
        axis = int(np.argmax(np.ptp(middles, axis=0)))
        order = sorted(alike, key=lambda each: float(each.middle[axis]))
        steps = np.diff([each.middle[axis] for each in order])
        if order[1].name == thing.name and steps.min() > CLEARLY:
            words.append("middle")
    return words


def nearest(alike: Sequence[Placed], to: Placed) -> Placed | None:
    """Which of several alike is clearly nearest to a thing, if one is."""
    order = sorted(alike, key=lambda each: _distance(each, to))
    clear = _distance(order[1], to) - _distance(order[0], to) > CLEARLY
    return order[0] if clear else None


def _distance(one: Placed, other: Placed) -> float:
    return float(np.linalg.norm((one.middle - other.middle)[:2]))


def _gap(one: Placed, other: Placed) -> float:
    apart = np.maximum(np.maximum(one.low - other.high, other.low - one.high), 0)
    return float(np.linalg.norm(apart[:2]))


def _is_between(thing: Placed, one: Placed, other: Placed) -> bool:
    way = (other.middle - one.middle)[:2]
    length = float(np.linalg.norm(way))
    if not 0.12 < length < 0.7 or on_or_in(thing, one) or on_or_in(thing, other):
        return False
    along, across = (thing.middle - one.middle)[:2], np.array([-way[1], way[0]]) / length
    share = float(along @ way) / length**2
    return 0.25 < share < 0.75 and abs(float(along @ across)) < 0.07
