# SPDX-License-Identifier: Apache-2.0
"""Rendered sequences of a moving camera, with exact masks of every frame.

The camera wanders and shakes; in some sequences a hand passes before an object, or takes it and
carries it about or away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from llmseg_core.config.limits import AtLeast, Between
from llmseg_core.config.settings import Settings

from .camera import Camera
from .hand import hand
from .layout import Item
from .mesh import Part, move, rotation
from .render import Stage, photograph, set_stage
from .scene import Scene, SceneConfig

HAND_ID = 254
"""The hand's value in `Scene.instances`."""

_APPROACH = 4
"""Frames that a hand takes to come and to go."""


class Event(Enum):
    """What happens besides the camera's motion."""

    NONE = "none"
    PASS = "pass"
    """A hand comes between the camera and an object, stays a while, and goes."""
    CARRY = "carry"
    """A hand takes an object and carries it a few centimetres, turning it."""
    TAKE = "take"
    """A hand takes an object out of the picture."""


@dataclass(frozen=True)
class SequenceConfig(Settings):
    """What sequences to render."""

    frames: Annotated[int, AtLeast(2)] = 31
    speed_px: Annotated[float, Between(0.01, 100)] = 1.8
    """How far the objects move from frame to frame by the camera's motion, pixels in the mean."""
    shake_px: Annotated[float, AtLeast(0)] = 0.4
    """Standard deviation of the camera's shaking, pixels."""
    event: Event = Event.NONE
    event_at: Annotated[int, AtLeast(1)] = 6
    """The frame in which the hand has arrived."""


@dataclass(frozen=True)
class SceneSequence:
    """A rendered sequence.

    Attributes:
        scenes: the frames, in order; an object has the same id in all of them.
        object_id: what the hand deals with; 0 without a hand.
    """

    scenes: tuple[Scene, ...]
    object_id: int


def render_sequence(
    seed: int, config: SequenceConfig | None = None, scene: SceneConfig | None = None
) -> SceneSequence:
    """The sequence of a seed (at least 0); on one machine it is always the same bytes.

    Args:
        seed: its first frame shows what `render_scene` shows of that seed, but for the noise.
        config: its motion.
        scene: size and objects; 640 x 480 by default.
    """
    if seed < 0:
        raise ValueError(f"seed {seed} must not be negative")
    config = config or SequenceConfig()
    scene = scene or SceneConfig(width=640, height=480)
    stage = set_stage(np.random.default_rng(seed), scene)
    rng = np.random.default_rng([seed, 1])
    cameras = _wander(rng, stage, config)
    object_id = 0 if config.event is Event.NONE else _graspable(rng, stage)
    hand_parts = hand(rng)
    actions = _actions(rng, stage, object_id, cameras, config)
    scenes = []
    for camera, action in zip(cameras, actions, strict=True):
        items = list(stage.items)
        others: tuple[Part, ...] = ()
        if action is not None:
            items[object_id - 1] = action.carried(items[object_id - 1])
            others = move(hand_parts, action.hand.tolist(), rotation("z", action.heading))
        shown = replace(stage, camera=camera, items=tuple(items))
        world = shown.world(others, HAND_ID)
        scenes.append(photograph(shown, world, rng, scene, seed))
    return SceneSequence(tuple(scenes), object_id)


def _wander(rng: np.random.Generator, stage: Stage, config: SequenceConfig) -> list[Camera]:
    """The cameras of all frames; the first is the stage's own."""
    start = stage.camera
    middles = np.array([item.points().mean(axis=0) for item in stage.items])
    shift = rng.normal(size=3) * [1, 1, 0.6]  # metres a frame, scaled below
    turn = rng.normal(size=3) * [0.4, 0.4, 0.3]  # radians a frame about right, down, forward
    bend = rng.uniform(0.5, 1.5, size=2), rng.uniform(0, 2 * np.pi, size=2)

    def camera(step: float, scale: float, shake: NDArray[np.float64]) -> Camera:
        share = step / config.frames
        swing = 1 + 0.3 * np.sin(2 * np.pi * bend[0] * share + bend[1]) - 0.3 * np.sin(bend[1])
        angles = scale * step * swing[0] * turn + shake / start.focal
        tilt = rotation("x", np.degrees(angles[0])) @ rotation("y", np.degrees(angles[1]))
        axes = (tilt @ rotation("z", np.degrees(angles[2]))).T @ start.axes
        position = start.position + scale * step * swing[1] * shift @ start.axes
        return replace(start, position=position, axes=axes)

    # The motion is nearly linear in its scale: two steps find the one asked for.
    scale, still = 1e-3, np.zeros(3)
    for _ in range(3):
        path = [camera(step, scale, still).project(middles) for step in range(config.frames)]
        speed = np.linalg.norm(np.diff(path, axis=0), axis=2).mean()
        scale *= config.speed_px / float(speed)
    shakes = rng.normal(size=(config.frames, 3)) * [config.shake_px, config.shake_px, 0]
    shakes[0] = 0
    return [camera(step, scale, shakes[step]) for step in range(config.frames)]


def _graspable(rng: np.random.Generator, stage: Stage) -> int:
    """The id of an object."""
    return 1 + int(rng.integers(len(stage.items)))


@dataclass(frozen=True)
class _Action:
    """Where the hand is in one frame, and what it has done to the object."""

    hand: NDArray[np.float64]  # (3,) metres: the point that its fingers close about
    heading: float  # degrees about the vertical
    shift: NDArray[np.float64]  # (3,) metres, of the object
    turn: float  # degrees about the vertical, of the object

    def carried(self, item: Item) -> Item:
        points = item.points()
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        parts = move(item.parts, (-middle).tolist())
        parts = move(parts, (middle + self.shift).tolist(), rotation("z", self.turn))
        return replace(item, parts=parts)


def _actions(
    rng: np.random.Generator,
    stage: Stage,
    object_id: int,
    cameras: list[Camera],
    config: SequenceConfig,
) -> list[_Action | None]:
    """What the hand does in each frame."""
    if config.event is Event.NONE:
        return [None] * config.frames
    points = stage.items[object_id - 1].points()
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    top = np.array([middle[0], middle[1], points[:, 2].max()])
    heading = float(rng.uniform(-35, 35))
    if config.event is not Event.PASS:  # from the side, so that the object is not all hidden
        heading = float(rng.choice((-1, 1)) * rng.uniform(45, 85))
    away = rotation("z", heading) @ np.array([0.0, -0.45, 0.12])  # where it comes from
    path = rng.normal(size=3) * [0.05, 0.05, 0.02] + [0, 0, 0.06]
    turn = float(rng.normal(0, 25))
    if config.event is Event.TAKE:
        path, turn = away + np.array([0, 0, 0.05]), turn / 2
    staying = int(rng.integers(7, 13))
    actions: list[_Action | None] = []
    for number, camera in enumerate(cameras):
        after = number - config.event_at
        absent = np.clip(-after / _APPROACH, 0, 1)
        shift, turned = np.zeros(3), 0.0
        if config.event is Event.PASS:
            # The palm lies on the line of sight; the fingers close about a point before it.
            place = camera.position + 0.72 * (middle - camera.position)
            place = place - rotation("z", heading) @ np.array([0.0, -0.06, 0.06])
            absent = max(absent, float(np.clip((after - staying) / _APPROACH, 0, 1)))
        else:
            share = float(np.clip(after / 18, 0, 1))
            shift, turned = share * path, share * turn
            place = top - [0, 0, 0.01] + shift
        actions.append(_Action(place + absent * away, heading, shift, turned))
    return actions
