# SPDX-License-Identifier: Apache-2.0
"""The tasks of a suite of LIBERO: which scene, which sentence, and how they are divided.

LIBERO: Liu et al., "LIBERO: Benchmarking Knowledge Transfer for Lifelong Robot Learning",
NeurIPS 2023. Its suite libero_90 is for learning; libero_object, libero_spatial, libero_goal and
libero_10 are for judging what was learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

__all__ = ["LEARNING_SUITE", "SPLITS", "Task", "suite_tasks", "task_split"]

LEARNING_SUITE = "libero_90"
SPLITS = ("train", "val", "elsewhere")
UNTRAINED_SCENES = ("KITCHEN_SCENE1", "LIVING_ROOM_SCENE6", "STUDY_SCENE2")
"""of which no task is trained"""
VALIDATED_SHARE = 0.25


@dataclass(frozen=True)
class Task:
    """A task of a suite.

    Attributes:
        name: the file's without suffix, such as "KITCHEN_SCENE3_turn_on_the_stove".
        description: the file that says what stands where and what is to be reached (BDDL).
        states: the file of its initial states; without one, where its description puts things.
    """

    name: str
    description: Path
    states: Path | None

    @property
    def scene(self) -> str:
        """What the tasks of one scene have in common: "KITCHEN_SCENE3", or "" where none."""
        return "_".join(word for word in self.name.split("_") if word.isupper() or word == "SCENE")


def suite_tasks(suite: str, split: str = "all") -> list[Task]:
    """The tasks of a suite, mixed, so that the first few are of many scenes.

    Args:
        suite: of LIBERO, such as "libero_90".
        split: one of `SPLITS`, or "all".

    Raises:
        ValueError: if there is no such suite or split, or none of its tasks is in the split.
    """
    from libero.libero import get_libero_path  # only where LIBERO is installed

    folder = Path(get_libero_path("bddl_files"))
    found = sorted((folder / suite).glob("*.bddl"))
    if not found:
        known = ", ".join(sorted(each.parent.name for each in folder.glob("*/tasks_info.txt")))
        raise ValueError(f"suite is {suite!r}, LIBERO has {known}")
    if split not in (*SPLITS, "all"):
        raise ValueError(f"split is {split!r}, it must be {', '.join(SPLITS)} or all")
    states = Path(get_libero_path("init_states")) / suite
    tasks = [Task(path.stem, path, states / f"{path.stem}.pruned_init") for path in found]
    chosen = [task for task in tasks if split in ("all", task_split(task))]
    if not chosen:
        raise ValueError(f"no task of {suite} is in {split}")
    return sorted(chosen, key=lambda task: crc32(task.name[::-1].encode()))


def task_split(task: Task) -> str:
    """Whether a task is trained ("train"), of a trained scene ("val"), or of another one.

    The name alone decides, so that a recording of some tasks is divided like one of all.
    """
    if task.scene in UNTRAINED_SCENES:
        return "elsewhere"
    return "val" if crc32(task.name.encode()) / 2**32 < VALIDATED_SHARE else "train"
