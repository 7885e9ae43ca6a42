# SPDX-License-Identifier: Apache-2.0
"""Richer looks: floors, things without a name, a gripper, textures, gloss, a camera's faults.

What is added has no name and is never asked about: flat things belong to the table, a gripper and
things far behind to the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .colours import RGB, sample_colour, shade
from .layout import Item, TableTop
from .mesh import Part, box, ellipsoid, grid, lathe, rotation, tube
from .noise import Noise
from .paint import Paint, Points, layered
from .textures import random_surface

__all__ = ["behind_the_table", "dressed", "floor_room", "gripper", "on_the_table", "photographed"]

_ARMS: tuple[RGB, ...] = (
    (0.93, 0.93, 0.91),
    (0.2, 0.21, 0.23),
    (0.9, 0.45, 0.1),
    (0.6, 0.62, 0.65),
)


def floor_room(rng: np.random.Generator) -> tuple[TableTop, list[Part], list[Part]]:
    """A floor instead of a table: it fills the view, with a wall or a cupboard behind."""
    floor = TableTop(np.array([3.0, 3.0]), np.zeros(2), float(rng.uniform(0, 90)))
    paint = random_surface(rng, stretch=rng.uniform(1.0, 3.0))
    ground = grid(
        np.array([[[-6, -6, 0], [6, -6, 0]], [[-6, 6, 0], [6, 6, 0]]]),
        paint,
        gloss=float(rng.uniform(0, 0.6)),
    )
    flat = np.array([[[-6, 0, 0], [6, 0, 0]], [[-6, 0, 3], [6, 0, 3]]])
    wall = grid(flat, random_surface(rng, (0, 2), rng.uniform(1.5, 5)), gloss=0.0)
    turn = rotation("z", float(rng.normal(0, 15)))
    return floor, [ground], [wall.moved((0, rng.uniform(0.4, 1.6), 0)).moved(rotation=turn)]


def on_the_table(rng: np.random.Generator, table: TableTop, half: float = 0.4) -> list[Part]:
    """Flat things that lie about: mats, sheets with print, cables, stains."""
    parts = []
    for _ in range(int(rng.integers(0, 4))):
        place = rng.uniform([-half, -half], [half, half])
        turn = rotation("z", float(rng.uniform(0, 360)))
        kind = rng.integers(3)
        if kind == 0:
            size = rng.uniform([0.12, 0.1], [0.36, 0.28])
            sheet = box((*size, rng.uniform(0.0005, 0.003)), random_surface(rng, stretch=0.7))
        elif kind == 1:
            sheet = box((*rng.uniform([0.1, 0.14], [0.16, 0.22]), 0.0006), _printed_page(rng))
        else:
            steps = np.cumsum(rng.normal(0, 0.035, size=(9, 2)), axis=0)
            fine = np.linspace(0, 8, 50)
            line = [np.interp(fine, np.arange(9), steps[:, axis]) for axis in (0, 1)]
            path = np.stack([*line, 0 * fine + 0.003], axis=1)
            dark = sample_colour(rng, str(rng.choice(["black", "white", "grey", "red"])))
            sheet = tube(path, rng.uniform(0.002, 0.004), dark, sides=7)
        moved = sheet.moved((*place, 0.0003), turn)
        if table.holds(moved.points[:, :2].astype(np.float64)):
            parts.append(moved)
    return parts


def behind_the_table(rng: np.random.Generator) -> list[Part]:
    """Boxes, cylinders and a shelf far behind, larger than what lies on the table."""
    parts = []
    for _ in range(int(rng.integers(0, 5))):
        place = (rng.uniform(-1.2, 1.2), rng.uniform(0.9, 1.7), -0.72)
        size = rng.uniform([0.1, 0.1, 0.2], [0.5, 0.4, 1.1])
        paint = random_surface(rng, (0, 2), rng.uniform(0.5, 2))
        if rng.random() < 0.6:
            thing = box(size.tolist(), paint, gloss=float(rng.uniform(0, 0.5)))
        else:
            radius, high = size[0] / 2, size[2]
            thing = lathe([(0, 0), (radius, 0), (radius, high), (0, high)], paint, gloss=0.3)
        parts.append(thing.moved(place, rotation("z", float(rng.uniform(0, 90)))))
    return parts


def gripper(rng: np.random.Generator, items: Sequence[Item]) -> list[Part]:
    """A robot's two fingers on a palm and a wrist, above a place beside or over an object."""
    arm = shade(_ARMS[int(rng.integers(len(_ARMS)))], rng.uniform(0.8, 1.1))
    dark = shade((0.12, 0.12, 0.13), rng.uniform(0.7, 1.6))
    width, opening = 0.085, rng.uniform(0.02, 0.08)
    tip = rng.uniform(0.01, 0.12)
    palm = box((width * 1.3, 0.045, 0.05), arm, gloss=0.35).moved((0, 0, tip + 0.06))
    parts = [palm]
    for side in (-1, 1):
        finger = box((0.014, 0.022, 0.062), dark, gloss=0.2)
        parts.append(finger.moved((side * (opening / 2 + 0.007), 0, tip)))
        pad = box((0.004, 0.018, 0.03), shade(dark, 2.0), gloss=0.0)
        parts.append(pad.moved((side * (opening / 2 - 0.001), 0, tip + 0.002)))
    high = tip + 0.11
    ring = (lambda p: (p[:, 2] % 0.05) < 0.007, dark)
    wrist = [(0.0, 0.0), (0.036, 0.0), (0.036, 0.07), (0.03, 0.075), (0.03, 0.5), (0.0, 0.5)]
    parts.append(lathe(wrist, layered(arm, ring), gloss=0.4).moved((0, 0, high)))
    parts.append(ellipsoid((0.05, 0.05, 0.05), arm, gloss=0.4).moved((0, 0, high + 0.16)))
    lean = rotation("y", float(rng.uniform(-25, 25))) @ rotation("x", float(rng.uniform(-35, 5)))
    spot = np.array([rng.uniform(-0.2, 0.2), rng.uniform(-0.05, 0.2)])
    if items and rng.random() < 0.5:
        beside = items[int(rng.integers(len(items)))].footprint.mean(axis=0)
        spot = beside + rng.normal(0, 0.05, size=2)
    turn = rotation("z", float(rng.uniform(0, 360)))
    return [part.moved((*spot, 0.005), lean @ turn) for part in parts]


def dressed(rng: np.random.Generator, items: Sequence[Item]) -> list[Item]:
    """The same objects, some glossier or duller, some with wear or a print over their colour."""
    changed = []
    for item in items:
        parts = item.parts
        if rng.random() < 0.5:
            gloss = rng.uniform(0, 1)
            parts = tuple(replace(part, gloss=float(gloss)) for part in parts)
        if rng.random() < 0.45:
            parts = tuple(replace(part, paint=_worn(rng, part.paint)) for part in parts)
        changed.append(replace(item, parts=parts))
    return changed


def photographed(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image (H, W, 3) as a camera gives it: white balance, blur, compression, more noise."""
    gains = (1 + rng.normal(0, 0.05, size=3)) * rng.uniform(0.75, 1.2)
    shown: NDArray[np.floating] = image.astype(np.float32) * gains.astype(np.float32)
    shown = 255 * (np.clip(shown, 0, 255) / 255) ** np.float32(rng.uniform(0.8, 1.25))
    blur = rng.uniform(0, 1.1)
    if blur > 0.3:
        shown = np.asarray(cv2.GaussianBlur(shown, (0, 0), blur))
    if rng.random() < 0.2:
        length = int(rng.integers(2, 6))
        kernel = np.zeros((length, length), np.float32)
        ends = (0, int(rng.integers(length))), (length - 1, int(rng.integers(length)))
        cv2.line(kernel, *ends, 1.0)
        shown = np.asarray(cv2.filter2D(shown, -1, kernel / kernel.sum()))
    shown += rng.standard_normal(shown.shape, dtype=np.float32) * np.float32(rng.uniform(0, 7))
    noisy = np.clip(shown + 0.5, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        _, data = cv2.imencode(".jpg", np.ascontiguousarray(noisy[..., ::-1]), quality)
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert decoded is not None
        noisy = np.ascontiguousarray(decoded[..., ::-1], dtype=np.uint8)
    return noisy


def _printed_page(rng: np.random.Generator) -> Paint:
    """A light sheet with lines of text and perhaps a picture."""
    paper, ink = shade((0.95, 0.94, 0.9), rng.uniform(0.8, 1.03)), (0.2, 0.2, 0.23)
    pitch, noise = rng.uniform(0.006, 0.012), Noise(rng)
    middle, size = rng.uniform(-0.03, 0.03, size=2), rng.uniform(0.015, 0.04)

    def lines(points: Points) -> NDArray[np.bool_]:
        row = points[:, 1] / pitch
        words = noise(points[:, 0] * 160 + 40 * np.floor(row), np.floor(row) * 7.7) > 0.42
        inside = (np.abs(points[:, 0]) < 0.06) & (np.abs(points[:, 1]) < 0.085)
        return words & inside & (row % 1 < 0.45)

    def picture(points: Points) -> NDArray[np.bool_]:
        offset = np.abs(points[:, :2] - middle.astype(np.float32))
        return np.asarray(offset.max(axis=1) < size)

    colour = sample_colour(rng, str(rng.choice(["red", "blue", "green", "yellow", "grey"])))
    layers = [(lines, ink)] + ([(picture, colour)] if rng.random() < 0.4 else [])
    return layered(paper, *layers)


def _worn(rng: np.random.Generator, paint: Paint) -> Paint:
    """A paint with patches of wear, a fine grain or faint stripes; its colour stays what it is."""
    noise, scale = Noise(rng), rng.uniform(15, 250)
    strength, stretch = rng.uniform(0.08, 0.3), rng.uniform(1, 12)

    def worn(points: Points) -> NDArray[np.float32]:
        x = (points[:, 0] + 0.6 * points[:, 2]) * scale
        y = (points[:, 1] - 0.5 * points[:, 2]) * scale * stretch
        factor = 1 + strength * (2 * noise.fractal(x, y, 3) - 1)
        return np.clip(paint(points) * factor[:, None], 0, 1).astype(np.float32)

    return worn
