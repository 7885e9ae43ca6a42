# SPDX-License-Identifier: Apache-2.0
"""Renders a scene from a seed: table, objects, light and camera are all drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .layout import Item, TableTop, arrange
from .lighting import Lighting
from .looks import behind_the_table, dressed, floor_room, gripper, on_the_table, photographed
from .mesh import Part, box, grid, rotation
from .scene import BACKGROUND_ID, TABLE_ID, Scene, SceneConfig, SceneObject
from .textures import random_surface
from .world import Hits, World

_GAMMA = 2.2
_FLOOR = -0.72
_BEND = 0.85
_FLOORS, _GRIPPERS = 0.25, 0.3
"""Shares of rich scenes on a floor and with a gripper."""


def _random_camera(rng: np.random.Generator, config: SceneConfig) -> Camera:
    field = rng.uniform(42, 62)
    across = rng.uniform(0.5, 0.74)
    return Camera.looking_down(
        pitch=rng.uniform(30, 65),
        roll=rng.normal(0, 2.0),
        distance=across / 2 / np.tan(np.radians(field) / 2),
        field=field,
        width=config.width,
        height=config.height,
    )


def _room(rng: np.random.Generator) -> tuple[TableTop, list[Part], list[Part]]:
    """The table top, and the parts of the table and of the floor and walls behind it."""
    table = TableTop(
        half=rng.uniform([0.42, 0.34], [0.9, 0.7]),
        centre=rng.uniform([-0.12, -0.05], [0.12, 0.15]),
        turn=float(rng.normal(0, 12)),
    )
    thick = rng.uniform(0.015, 0.05)
    board = box((*(2 * table.half), thick), random_surface(rng), gloss=float(rng.uniform(0, 0.5)))
    top = board.moved((*table.centre, -thick), rotation("z", table.turn))
    floor = grid(
        np.array([[[-6, -6, 0], [6, -6, 0]], [[-6, 6, 0], [6, 6, 0]]]),
        random_surface(rng, stretch=rng.uniform(1.5, 4)),
        gloss=0.05,
    ).moved((0, 0, _FLOOR))
    walls = []
    lean, distance = float(rng.normal(0, 14)), rng.uniform(1.0, 2.6)
    for turn in (lean, lean - 90, lean + 90):
        flat = np.array([[[-6, 0, 0], [6, 0, 0]], [[-6, 0, 3], [6, 0, 3]]])
        sheet = grid(flat, random_surface(rng, (0, 2), rng.uniform(1.5, 5)), gloss=0.0)
        walls.append(sheet.moved((0, distance, _FLOOR)).moved(rotation=rotation("z", turn)))
    return table, [top], [floor, *walls]


class _Painter:
    """Turns rays into linear colours."""

    def __init__(
        self, world: World, camera: Camera, light: Lighting, rng: np.random.Generator
    ) -> None:
        self._world, self._camera, self._light, self._rng = world, camera, light, rng
        self._gloss = np.array([part.gloss for part in world.parts], np.float32)
        self._glow = np.array([part.glow for part in world.parts], np.float32)

    def __call__(
        self, pixels: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32], Hits]:
        """Linear colour (N, 3), shadow (N,), depth (N,) and the hits at `pixels` (N, 2)."""
        directions = self._camera.rays(pixels).astype(np.float32)
        origin = self._camera.position.astype(np.float32)
        hits = self._world.cast(np.broadcast_to(origin, directions.shape), directions)
        hit = hits.part >= 0
        distance = np.where(hit, hits.distance, 10.0).astype(np.float32)
        points = origin + distance[:, None] * directions
        shadow = self._light.shadowed(self._world, points, hits, self._rng)
        albedo = self._paint(hits) ** np.float32(_GAMMA)
        part = np.maximum(hits.part, 0)
        colour = self._light.shade(
            albedo, self._gloss[part], self._glow[part], hits, directions, shadow
        )
        colour[~hit] = 0.5
        depth = distance * (directions @ self._camera.axes[2].astype(np.float32))
        return colour, shadow, depth.astype(np.float32), hits

    def _paint(self, hits: Hits) -> NDArray[np.float32]:
        """The sRGB colours (N, 3) of the surfaces that were hit."""
        colours = np.full((len(hits.part), 3), 0.7, dtype=np.float32)
        order = np.argsort(hits.part, kind="stable")
        present, starts = np.unique(hits.part[order], return_index=True)
        for part, rows in zip(present, np.split(order, starts[1:]), strict=True):
            if part >= 0:
                colours[rows] = self._world.parts[part].paint(hits.local[rows])
        return colours


def _edges(
    part: NDArray[np.int32], shadow: NDArray[np.bool_], facet: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """(H, W) pixels beside another part, beside a shadow's border or beside a sharp bend."""
    edge = np.zeros(part.shape, dtype=bool)
    for first, second in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
    ):
        differs = (part[first] != part[second]) | (shadow[first] != shadow[second])
        differs |= np.einsum("hwi,hwi->hw", facet[first], facet[second]) < _BEND
        edge[first] |= differs
        edge[second] |= differs
    return edge


def _develop(rng: np.random.Generator, colour: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Linear colours (H, W, 3) as the sensor shows them: soft highlights, vignette and noise."""
    height, width = colour.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    vignette = 1 - np.float32(rng.uniform(0, 0.12)) * (x * x + y * y)
    bright = colour * vignette[..., None]
    knee = np.float32(0.8)
    bright = np.where(
        bright > knee, knee + (1 - knee) * np.tanh((bright - knee) / (1 - knee)), bright
    )
    shown = 255 * np.maximum(bright, 0) ** np.float32(1 / _GAMMA)
    grain = rng.standard_normal(shown.shape, dtype=np.float32) * np.float32(rng.uniform(0.8, 3.5))
    return np.clip(shown + grain + 0.5, 0, 255).astype(np.uint8)


def _describe(
    item: Item, object_id: int, instances: NDArray[np.uint8], camera: Camera
) -> SceneObject | None:
    """The metadata of one object, or None where no pixel shows it."""
    rows, columns = np.nonzero(instances == object_id)
    if len(rows) == 0:
        return None
    points = item.points()
    low, high = points.min(axis=0), points.max(axis=0)
    x, y, z = camera.to_camera(((low + high) / 2)[None])[0].round(4).tolist()
    sides = np.linalg.norm(np.diff(item.footprint[:3], axis=0), axis=1)
    return SceneObject(
        id=object_id,
        category=item.category,
        colour=item.colour,
        box=(
            int(columns.min()),
            int(rows.min()),
            int(columns.max()) + 1,
            int(rows.max()) + 1,
        ),
        visible_pixels=len(rows),
        position=(x, y, z),
        size_m=round(float(max(*sides, high[2] - low[2])), 4),
    )


@dataclass(frozen=True)
class Stage:
    """What a scene consists of before it is photographed."""

    camera: Camera
    light: Lighting
    room: tuple[Part, ...]
    """Floor and walls."""
    table: tuple[Part, ...]
    items: tuple[Item, ...]
    """The objects; the ids in `Scene.instances` count them from 1."""

    def world(self, others: Sequence[Part] = (), other_id: int = BACKGROUND_ID) -> World:
        """All its parts and perhaps `others`, which belong to the instance `other_id`."""
        owned = [(self.room, BACKGROUND_ID), (self.table, TABLE_ID)]
        owned += [(item.parts, object_id) for object_id, item in enumerate(self.items, start=1)]
        owned.append((tuple(others), other_id))
        parts = [part for some, _ in owned for part in some]
        return World(parts, [owner for some, owner in owned for _ in some])


def set_stage(rng: np.random.Generator, config: SceneConfig) -> Stage:
    """Draws camera, room, light and objects."""
    if config.looks == "rich":
        return _set_rich_stage(rng, config)
    camera = _random_camera(rng, config)
    table, table_parts, room_parts = _room(rng)
    light = Lighting.random(rng)
    items = arrange(rng, config, camera, table)
    return Stage(camera, light, tuple(room_parts), tuple(table_parts), tuple(items))


def _set_rich_stage(rng: np.random.Generator, config: SceneConfig) -> Stage:
    """The same with what `looks` adds."""
    camera = _random_camera(rng, config)
    on_floor = rng.random() < _FLOORS
    table, table_parts, room_parts = floor_room(rng) if on_floor else _room(rng)
    light = Lighting.random(rng)
    items = dressed(rng, arrange(rng, config, camera, table))
    table_parts += on_the_table(rng, table)
    if not on_floor:
        room_parts += behind_the_table(rng)
    if rng.random() < _GRIPPERS:
        room_parts += gripper(rng, items)
    return Stage(camera, light, tuple(room_parts), tuple(table_parts), tuple(items))


def render_scene(seed: int, config: SceneConfig | None = None) -> Scene:
    """The scene of a seed (at least 0); on one machine it is always the same bytes."""
    if seed < 0:
        raise ValueError(f"seed {seed} must not be negative")
    config = config or SceneConfig()
    rng = np.random.default_rng(seed)
    stage = set_stage(rng, config)
    return photograph(stage, stage.world(), rng, config, seed)


def photograph(
    stage: Stage, world: World, rng: np.random.Generator, config: SceneConfig, seed: int
) -> Scene:
    """A picture of a stage by its camera, with its ground truth.

    Args:
        stage: its camera, light and objects count.
        world: the parts to show, of `Stage.world`.
        rng: noise is drawn from it.
        config: size and edges.
        seed: written into the scene.
    """
    camera, items = stage.camera, stage.items
    painter = _Painter(world, camera, stage.light, rng)
    height, width = config.height, config.width
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float64)
    colour, shadow, depth, hits = painter(pixels)
    part = hits.part.reshape(height, width)
    instances = np.where(part >= 0, world.instances[part], BACKGROUND_ID).astype(np.uint8)
    if config.edge_samples:
        facet = hits.facet.reshape(height, width, 3)
        edge = _edges(part, shadow.reshape(height, width), facet).ravel()
        turn = 2 * np.pi * (np.arange(config.edge_samples) + 0.25) / config.edge_samples
        offsets = 0.36 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        extra = painter((pixels[edge] + offsets[:, None]).reshape(-1, 2))[0]
        total = colour[edge] + extra.reshape(config.edge_samples, -1, 3).sum(axis=0)
        colour[edge] = total / (config.edge_samples + 1)

    described = (
        _describe(item, object_id, instances, camera) for object_id, item in enumerate(items, 1)
    )
    image = _develop(rng, colour.reshape(height, width, 3))
    return Scene(
        image=photographed(rng, image) if config.looks == "rich" else image,
        instances=instances,
        depth=depth.reshape(height, width),
        objects=tuple(
            item
            for item in described
            if item is not None and item.visible_pixels >= config.smallest_area
        ),
        seed=seed,
    )
