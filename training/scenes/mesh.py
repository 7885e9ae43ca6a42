# SPDX-License-Identifier: Apache-2.0
"""Triangle meshes of an object's parts, all made from smooth grids of points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .colours import RGB
from .paint import Paint, plain


@dataclass(frozen=True)
class Part:
    """One mesh with one paint; metres, z up."""

    points: NDArray[np.float32]
    """(V, 3) vertices in the object's frame."""
    normals: NDArray[np.float32]
    """(V, 3) unit length; either side may be the outer one."""
    faces: NDArray[np.int32]
    """(F, 3) rows of `points`."""
    local: NDArray[np.float32]
    """(V, 3) vertices as they were built, which is what the paint sees."""
    paint: Paint
    gloss: float = 0.15
    """Strength of the highlight, 0 to 1."""
    glow: float = 0.0
    """Share of the colour that is emitted whatever the light is, 0 to 1."""

    def moved(
        self,
        shift: Sequence[float] = (0.0, 0.0, 0.0),
        rotation: NDArray[np.float64] | None = None,
        scale: float = 1.0,
    ) -> Part:
        """The part scaled, then rotated by a (3, 3) matrix, then shifted."""
        turn = np.eye(3) if rotation is None else rotation
        points = self.points @ (turn.T * scale) + np.asarray(shift)
        return replace(
            self,
            points=points.astype(np.float32),
            normals=(self.normals @ turn.T).astype(np.float32),
        )


def rotation(axis: str, degrees: float) -> NDArray[np.float64]:
    """(3, 3) matrix that turns by `degrees` about "x", "y" or "z"."""
    index = "xyz".index(axis)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    first, second = (index + 1) % 3, (index + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix


def move(
    parts: Iterable[Part],
    shift: Sequence[float] = (0.0, 0.0, 0.0),
    rotation: NDArray[np.float64] | None = None,
    scale: float = 1.0,
) -> tuple[Part, ...]:
    """All parts moved the same way (see `Part.moved`)."""
    return tuple(part.moved(shift, rotation, scale) for part in parts)


def _as_paint(paint: Paint | RGB) -> Paint:
    return paint if callable(paint) else plain(paint)


def grid(
    points: ArrayLike,
    paint: Paint | RGB,
    *,
    wrap_rows: bool = False,
    wrap_columns: bool = False,
    gloss: float = 0.15,
    glow: float = 0.0,
) -> Part:
    """A smooth surface through a grid of points (M, N, 3); `wrap_*` joins the last to the first."""
    surface = np.asarray(points, dtype=np.float32)
    rows, columns = surface.shape[:2]
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    if wrap_rows:
        index = np.concatenate([index, index[:1]])
    if wrap_columns:
        index = np.concatenate([index, index[:, :1]], axis=1)
    a, b = index[:-1, :-1].ravel(), index[1:, :-1].ravel()
    c, d = index[1:, 1:].ravel(), index[:-1, 1:].ravel()
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    vertices = surface.reshape(-1, 3)
    corner = vertices[faces]
    face_normals = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    solid = (face_normals**2).sum(axis=1) > 1e-20
    faces, face_normals = faces[solid], face_normals[solid]
    normals = np.zeros_like(vertices, dtype=np.float64)
    for dimension in range(3):
        weights = np.repeat(face_normals[:, dimension], 3)
        normals[:, dimension] = np.bincount(faces.ravel(), weights, minlength=len(vertices))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return Part(
        points=vertices,
        normals=normals.astype(np.float32),
        faces=faces.astype(np.int32),
        local=vertices,
        paint=_as_paint(paint),
        gloss=gloss,
        glow=glow,
    )


def join(parts: Sequence[Part]) -> Part:
    """One part of several that share the first one's paint, gloss and glow."""
    offsets = np.cumsum([0] + [len(part.points) for part in parts[:-1]])
    return replace(
        parts[0],
        points=np.concatenate([part.points for part in parts]),
        normals=np.concatenate([part.normals for part in parts]),
        faces=np.concatenate(
            [part.faces + offset for part, offset in zip(parts, offsets, strict=True)]
        ).astype(np.int32),
        local=np.concatenate([part.local for part in parts]),
    )


def lathe(
    profile: ArrayLike,
    paint: Paint | RGB,
    *,
    segments: int = 36,
    crease: float = 35.0,
    gloss: float = 0.15,
    glow: float = 0.0,
) -> Part:
    """A surface of revolution about z of the profile (P, 2) of (radius, height).

    Where the profile bends by more than `crease` degrees, the surface has a sharp edge.
    """
    line = np.asarray(profile, dtype=np.float64)
    steps = np.diff(line, axis=0)
    heading = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    bends = np.abs(np.diff(heading)) > np.radians(crease)
    cuts = [0, *(np.flatnonzero(bends) + 1), len(line) - 1]
    angles = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    pieces = []
    for start, end in pairwise(cuts):
        piece = line[start : end + 1]
        points = np.empty((len(piece), segments, 3))
        points[..., :2] = piece[:, None, :1] * around
        points[..., 2] = piece[:, 1:]
        pieces.append(grid(points, paint, wrap_columns=True, gloss=gloss, glow=glow))
    return join(pieces)


def tube(
    path: ArrayLike,
    radii: ArrayLike,
    paint: Paint | RGB,
    *,
    sides: int = 14,
    flatten: float = 1.0,
    gloss: float = 0.15,
    closed: bool = False,
) -> Part:
    """A tube along the path (P, 3) with a radius (P,) or one for all; ends are rounded shut.

    `flatten` scales the section across the path's own plane (below 1: a strap).
    """
    line = np.asarray(path, dtype=np.float64)
    sizes = np.broadcast_to(np.asarray(radii, dtype=np.float64), (len(line),))
    tangent = np.roll(line, -1, 0) - np.roll(line, 1, 0) if closed else np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    spread = np.linalg.svd(line - line.mean(axis=0), full_matrices=True)[2][2]
    side = np.cross(tangent, spread)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    across = np.cross(side, tangent)
    if not closed:
        line = np.concatenate([line[:1], line, line[-1:]])
        side, across = (np.concatenate([d[:1], d, d[-1:]]) for d in (side, across))
        sizes = np.concatenate([[0.0], sizes, [0.0]])
    angles = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.cos(angles)[None, :, None] * side[:, None]
    ring = ring + flatten * np.sin(angles)[None, :, None] * across[:, None]
    points = line[:, None] + sizes[:, None, None] * ring
    return grid(points, paint, wrap_rows=closed, wrap_columns=True, gloss=gloss)


def ribbon(
    centre: ArrayLike,
    widths: ArrayLike,
    thickness: float,
    paint: Paint | RGB,
    *,
    heights: ArrayLike = 0.0,
    gloss: float = 0.15,
    closed: bool = False,
) -> Part:
    """A flat slab along a line (P, 2) in the xy plane, `widths` (P,) wide, `thickness` high.

    `heights` (P,) lifts the bottom of the slab along the line.
    """
    line = np.asarray(centre, dtype=np.float64)
    half = np.broadcast_to(np.asarray(widths, dtype=np.float64) / 2, (len(line),))[:, None]
    lift = np.broadcast_to(np.asarray(heights, dtype=np.float64), (len(line),))[:, None]
    tangent = np.roll(line, -1, 0) - np.roll(line, 1, 0) if closed else np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    low_left = np.concatenate([line + half * normal, lift], axis=1)
    low_right = np.concatenate([line - half * normal, lift], axis=1)
    up = np.array([0.0, 0.0, thickness])
    strips = [
        (low_left, low_left + up),
        (low_left + up, low_right + up),
        (low_right + up, low_right),
        (low_right, low_left),
    ]
    pieces = [
        grid(np.stack(strip, axis=1), paint, wrap_rows=closed, gloss=gloss) for strip in strips
    ]
    if not closed:
        for end in (0, -1):
            corners = [[low_left[end], low_right[end]], [low_left[end] + up, low_right[end] + up]]
            pieces.append(grid(corners, paint, gloss=gloss))
    return join(pieces)


def slab(
    length: float,
    width: float,
    height: float,
    corner: float,
    paint: Paint | RGB,
    *,
    gloss: float = 0.15,
) -> Part:
    """A plate lying on z = 0, `length` along x, `width` along y, with rounded corners."""
    angles = np.linspace(0, np.pi / 2, 6)
    left = -length / 2 + corner * (1 - np.sin(angles[::-1]))
    half = width / 2 - corner * (1 - np.cos(angles[::-1]))
    x = np.concatenate([left, -left[::-1]])
    widths = 2 * np.concatenate([half, half[::-1]])
    line = np.stack([x, np.zeros_like(x)], axis=1)
    return ribbon(line, widths, height, paint, gloss=gloss)


def box(size: Sequence[float], paint: Paint | RGB, *, gloss: float = 0.1) -> Part:
    """A cuboid of `size` (x, y, z) standing on z = 0, centred on the z axis."""
    length, width, height = size
    line = [(-length / 2, 0.0), (length / 2, 0.0)]
    return ribbon(line, width, height, paint, gloss=gloss)


def ellipsoid(
    radii: Sequence[float],
    paint: Paint | RGB,
    *,
    power: float = 1.0,
    segments: int = 28,
    gloss: float = 0.2,
) -> Part:
    """An ellipsoid about the origin; `power` below 1 swells it towards a rounded box."""

    def bent(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.sign(values) * np.abs(values) ** power

    latitude = np.linspace(-np.pi / 2, np.pi / 2, segments // 2 + 1)[:, None]
    longitude = np.linspace(0, 2 * np.pi, segments, endpoint=False)[None, :]
    points = np.stack(
        [
            radii[0] * bent(np.cos(latitude)) * bent(np.cos(longitude)),
            radii[1] * bent(np.cos(latitude)) * bent(np.sin(longitude)),
            radii[2] * bent(np.sin(latitude)) * np.ones_like(longitude),
        ],
        axis=2,
    )
    return grid(points, paint, wrap_columns=True, gloss=gloss)


def arc(
    radius: float, start: float, end: float, count: int = 16, centre: Sequence[float] = (0.0, 0.0)
) -> NDArray[np.float64]:
    """Points (count, 2) on a circle, angles in degrees."""
    angles = np.radians(np.linspace(start, end, count))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius + np.asarray(centre)
