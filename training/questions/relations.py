# SPDX-License-Identifier: Apache-2.0
"""Spatial relations between objects, decided only where people would not argue.

Each rule answers True or False where the geometry is clear and None where it is not; instructions
are made only of clear cases. Left and right are those of the image. Depth is judged by the position
in the camera frame and by the lower edge of the box (where a thing stands on the table) together: a
tall thing far away may have a centre as near as a low one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import dist, hypot
from typing import Final

from .objects import SceneObject

DEPTH_MARGIN_M: Final = 0.04
"""Difference in distance to the camera that is visible, metres."""
SIDEWAYS_LIMIT: Final = 3.0
"""A thing this many times farther away in depth than to the side is hardly "left of" another."""
STRAIGHT_LIMIT: Final = 0.8
"""A thing is straight behind another if it is to the side by at most this share of the depth."""
NEIGHBOUR_GAP_M: Final = 0.06
"""Largest gap between neighbours, metres."""
NEIGHBOUR_RATIO: Final = 0.7
"""The neighbour's centre is nearer than this share of the distance to the next one."""

Rule = Callable[[SceneObject, SceneObject], bool | None]


def left_of(item: SceneObject, anchor: SceneObject) -> bool | None:
    """Whether `item` is left of `anchor`; None if that is arguable."""
    if _centre_x(item) >= _centre_x(anchor):
        return False
    beside = item.box[2] <= _centre_x(anchor) and _centre_x(item) <= anchor.box[0]
    sideways = abs(item.position[0] - anchor.position[0])
    if beside and abs(_ground_depth(item, anchor)) <= SIDEWAYS_LIMIT * sideways:
        return True
    return None


def right_of(item: SceneObject, anchor: SceneObject) -> bool | None:
    """Whether `item` is right of `anchor`; None if that is arguable."""
    if _centre_x(item) <= _centre_x(anchor):
        return False
    beside = item.box[0] >= _centre_x(anchor) and _centre_x(item) >= anchor.box[2]
    sideways = abs(item.position[0] - anchor.position[0])
    if beside and abs(_ground_depth(item, anchor)) <= SIDEWAYS_LIMIT * sideways:
        return True
    return None


def behind(item: SceneObject, anchor: SceneObject) -> bool | None:
    """Whether `item` is behind `anchor` as the camera sees it; None if that is arguable."""
    depth = _ground_depth(item, anchor)
    sideways = abs(item.position[0] - anchor.position[0])
    if depth <= 0 or sideways > 2 * depth:
        return False
    clear = depth >= DEPTH_MARGIN_M and item.box[3] < anchor.box[3]
    return True if clear and sideways <= STRAIGHT_LIMIT * depth else None


def in_front_of(item: SceneObject, anchor: SceneObject) -> bool | None:
    """Whether `item` is in front of `anchor` as the camera sees it; None if that is arguable."""
    return behind(anchor, item)


RULES: Final[dict[str, Rule]] = {
    "left_of": left_of,
    "right_of": right_of,
    "behind": behind,
    "in_front_of": in_front_of,
}


def related(
    relation: str, anchor: SceneObject, objects: Sequence[SceneObject]
) -> list[SceneObject] | None:
    """The objects in `relation` (a key of `RULES`) to `anchor`; None if arguable."""
    rule = RULES[relation]
    hits = []
    for item in objects:
        if item.id == anchor.id:
            continue
        verdict = rule(item, anchor)
        if verdict is None:
            return None
        if verdict:
            hits.append(item)
    return hits


def neighbour(anchor: SceneObject, objects: Sequence[SceneObject]) -> SceneObject | None:
    """The one object next to `anchor`; None unless one is close and clearly the closest."""
    others = sorted(
        (item for item in objects if item.id != anchor.id),
        key=lambda item: dist(item.position, anchor.position),
    )
    if not others:
        return None
    distance = dist(others[0].position, anchor.position)
    if distance - (others[0].size_m + anchor.size_m) / 2 > NEIGHBOUR_GAP_M:
        return None
    if len(others) > 1 and distance > NEIGHBOUR_RATIO * dist(others[1].position, anchor.position):
        return None
    return others[0]


EXTREMES: Final = ("leftmost", "rightmost", "nearest", "farthest")


def extreme(relation: str, objects: Sequence[SceneObject]) -> SceneObject | None:
    """The leftmost, rightmost, nearest or farthest of at least two objects; None if arguable."""
    if len(objects) < 2:
        return None
    if relation in ("leftmost", "rightmost"):
        sign = 1 if relation == "leftmost" else -1
        ordered = sorted(objects, key=lambda item: sign * _centre_x(item))
        return ordered[0] if all(_is_beyond(ordered[0], o, sign) for o in ordered[1:]) else None
    if relation in ("nearest", "farthest"):
        sign = 1 if relation == "nearest" else -1
        ordered = sorted(objects, key=lambda item: sign * _distance(item))
        first, second = ordered[0], ordered[1]
        clear = abs(_distance(first) - _distance(second)) >= DEPTH_MARGIN_M
        agrees = all(sign * (first.box[3] - other.box[3]) > 0 for other in ordered[1:])
        return first if clear and agrees else None
    raise ValueError(f"unknown relation {relation!r}; it must be one of {', '.join(EXTREMES)}")


def _is_beyond(first: SceneObject, other: SceneObject, sign: int) -> bool:
    """Whether `first` is clearly farther left (sign 1) or right (sign -1) than `other`."""
    widths = first.box[2] - first.box[0] + other.box[2] - other.box[0]
    gap = sign * (_centre_x(other) - _centre_x(first))
    edge = 0 if sign == 1 else 2
    return gap >= widths / 4 and sign * (other.box[edge] - first.box[edge]) > 0


def _centre_x(item: SceneObject) -> float:
    return (item.box[0] + item.box[2]) / 2


def _distance(item: SceneObject) -> float:
    return hypot(*item.position)


def _ground_depth(item: SceneObject, anchor: SceneObject) -> float:
    """How much farther from the camera `item` stands on the table than `anchor`, metres."""
    dy = anchor.position[1] - item.position[1]
    dz = item.position[2] - anchor.position[2]
    return hypot(dy, dz) * (1 if dz + dy >= 0 else -1)
