# SPDX-License-Identifier: Apache-2.0
"""Scenes that a suite does not have: things elsewhere, an arm elsewhere, other rooms and lights."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from .simulation import CAMERAS, Simulation, Thing

__all__ = ["Looks", "move_arm", "rearrange"]

ABOVE = 2.0
"""metres; nothing in a scene is as high"""
REACH = (np.array([-0.30, -0.35]), np.array([0.22, 0.35]))
"""corners of the part of a table that is used, x and y in metres about its middle"""
GAP, DROP = 0.01, 0.01
"""metres between two things, and above what they are put on"""
TRIES = 60
SETTLE_STEPS = 250
ARM_SPREAD = 0.07
"""radians, standard deviation of each joint"""
TURN, TILT, DISTANCE = 0.45, 0.2, (0.65, 1.3)
"""of the scene camera about the table: radians to both sides, up and down, and times as far"""


class Looks:
    """Materials, lights and cameras of a scene, and how they were.

    Args:
        simulation: whose looks are changed.
    """

    KEPT = (
        "mat_rgba",
        "mat_texid",
        "light_diffuse",
        "light_pos",
        "cam_pos",
        "cam_quat",
        "cam_fovy",
    )

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self._kept = {each: np.array(getattr(simulation.sim.model, each)) for each in self.KEPT}

    def restore(self) -> None:
        """As the suite has it."""
        for name, value in self._kept.items():
            getattr(self.simulation.sim.model, name)[:] = value

    def vary(self, rng: np.random.Generator) -> None:
        """Another table and other walls, another light, cameras that stand elsewhere."""
        self.restore()
        model, materials = self.simulation.sim.model, self.simulation.room_materials()
        textures = np.unique(model.mat_texid[materials].max(1))
        for material in materials:
            if rng.random() < 0.6:
                model.mat_rgba[material, :3] = rng.uniform(0.3, 1.0) * rng.uniform(0.4, 1.0, 3)
            if rng.random() < 0.5 and (textures >= 0).any():
                used = model.mat_texid[material] >= 0
                model.mat_texid[material, used] = rng.choice(textures[textures >= 0])
        model.light_diffuse[:] *= rng.uniform(0.6, 1.25)
        model.light_pos[:] += rng.normal(0, 0.3, model.light_pos.shape)
        self._move_scene_camera(rng)
        for camera, spread in (("scene", 0.05), ("wrist", 0.01)):
            number = model.camera_name2id(CAMERAS[camera])
            model.cam_pos[number] += rng.normal(0, spread, 3)
            model.cam_quat[number] += rng.normal(0, spread / 4, 4)
            model.cam_quat[number] /= np.linalg.norm(model.cam_quat[number])
            model.cam_fovy[number] *= rng.uniform(0.85, 1.12)

    def _move_scene_camera(self, rng: np.random.Generator) -> None:
        """Nearer or farther and about the middle of the table, which it goes on looking at."""
        model = self.simulation.sim.model
        number = model.camera_name2id(CAMERAS["scene"])
        feet = [thing.position[2] for thing in self.simulation.things() if thing.movable]
        focus = np.array([*self.simulation.middle, np.median(feet)])
        away = model.cam_pos[number] - focus
        level = np.array([-away[1], away[0], 0.0]) / np.linalg.norm(away[:2])
        turn = Rotation.from_rotvec(rng.uniform(-TURN, TURN) * np.array([0.0, 0.0, 1.0]))
        turn = turn * Rotation.from_rotvec(rng.uniform(-TILT, TILT) * level)
        model.cam_pos[number] = focus + turn.apply(away) * rng.uniform(*DISTANCE)
        was = Rotation.from_quat(np.roll(model.cam_quat[number], -1))  # MuJoCo's w comes first
        model.cam_quat[number] = np.roll((turn * was).as_quat(), 1)


def move_arm(simulation: Simulation, rng: np.random.Generator) -> None:
    """Turn each joint a little."""
    simulation.move_arm(rng.normal(0, ARM_SPREAD, 7))


def rearrange(simulation: Simulation, rng: np.random.Generator) -> None:
    """Put what can be lifted elsewhere on the table, some of it on other things, and let it settle.

    Words about places then say nothing about what a thing is.
    """
    things = simulation.things()
    loose = [thing for thing in things if thing.movable]
    boxes = {thing.name: simulation.extent(thing.name) for thing in things}
    rests = {thing.name: thing.position[2] - boxes[thing.name][0][2] for thing in loose}
    for number, thing in enumerate(loose):  # out of the way, each elsewhere
        simulation.put(thing.name, np.array([3.0, 3.0 + number, 0.0]), 0.0)
    fixed = [boxes[thing.name] for thing in things if not thing.movable]
    table = _table_height(simulation, boxes, things)
    stood: list[tuple[np.ndarray, np.ndarray]] = [(low[:2], high[:2]) for low, high in fixed]
    supports = [thing.name for thing in things if not thing.movable]
    for position in rng.permutation(len(loose)):
        thing = loose[position]
        low, high = boxes[thing.name]
        half = (high - low)[:2] / 2
        radius = float(np.linalg.norm(half)) if half.max() < 0.1 else float(half.max())
        if supports and rng.random() < 0.15 and half.max() < 0.09:
            below = _middle(simulation, supports[rng.integers(len(supports))])
        else:
            spot = _free_spot(rng, radius, stood, simulation.middle)
            if spot is None:
                below = _middle(simulation, supports[0]) if supports else simulation.middle
            else:
                below = spot
                stood.append((spot - half, spot + half))
                supports.append(thing.name)
        height = simulation.height_below(np.array([*below, ABOVE]))
        place = np.array([*below, max(height, table) + DROP + rests[thing.name]])
        simulation.put(thing.name, place, rng.uniform(-np.pi, np.pi))
    simulation.step(SETTLE_STEPS)


def _middle(simulation: Simulation, name: str) -> np.ndarray:
    low, high = simulation.extent(name)
    return (low + high)[:2] / 2


def _table_height(
    simulation: Simulation, boxes: dict[str, tuple[np.ndarray, np.ndarray]], things: list[Thing]
) -> float:
    """Where most things stood."""
    feet = [boxes[thing.name][0][2] for thing in things if thing.movable]
    return float(np.median(feet))


def _free_spot(
    rng: np.random.Generator,
    radius: float,
    stood: list[tuple[np.ndarray, np.ndarray]],
    middle: np.ndarray,
) -> np.ndarray | None:
    """A place (2,) that is `radius` away from all upright boxes in `stood`, if one is found.

    Args:
        rng: of the tries.
        radius: of what is to stand there, metres.
        stood: corners (2,) and (2,) of boxes.
        middle: (2,) of the table.
    """
    for _ in range(TRIES):
        spot = middle + rng.uniform(*REACH)
        away = [
            np.linalg.norm(np.maximum(np.maximum(low - spot, spot - high), 0))
            for low, high in stood
        ]
        if all(distance > radius + GAP for distance in away):
            return spot
    return None
