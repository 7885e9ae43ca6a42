# SPDX-License-Identifier: Apache-2.0
"""Things of other scenes as guests in a task's: a thing's company shall not say what it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from .names import names_of, sorts_of
from .tasks import Task

__all__ = ["choose_guests", "movable_categories", "with_guests"]

GUESTS = 3
"""most in a scene"""
BESIDE = 3.0
"""metres from the table where guests wait until they are put somewhere"""


def movable_categories(tasks: Iterable[Task]) -> list[str]:
    """Categories of what can be lifted in the scenes of some tasks, by name."""
    return sorted({each for task in tasks for each in _objects(task.description.read_text())})


def choose_guests(task: Task, known: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Up to `GUESTS` categories that share no name with anything in the task's scene.

    The task's sentence then means what it meant before.
    """
    own = _objects(task.description.read_text())
    taken = {name for category in own for name in (*names_of(category), *sorts_of(category))}
    strangers = [each for each in known if not taken & {*names_of(each), *sorts_of(each)}]
    chosen = rng.permutation(len(strangers))[:GUESTS]
    return [strangers[index] for index in chosen]


def with_guests(task: Task, categories: Sequence[str], folder: Path) -> Task:
    """The task with one thing more of each category, which waits beside the table.

    Args:
        task: of a suite.
        categories: of what comes.
        folder: where its description is written.
    """
    text = task.description.read_text()
    table = re.search(r"\(:fixtures\s+(\w+) - ", text)  # LIBERO names it first
    if table is None:
        raise ValueError(f"{task.description} has no table")
    regions, things, places = "", "", ""
    for number, category in enumerate(categories, 1):
        name, near, far = f"{category}_guest{number}", BESIDE + number, BESIDE + number + 0.1
        regions += f"({name}_region (:target {table[1]}) (:ranges (({near} {near} {far} {far})))"
        regions += " (:yaw_rotation ((0.0 0.0))))\n"
        things += f"{name} - {category}\n"
        places += f"(On {name} {table[1]}_{name}_region)\n"
    for part, more in (("regions", regions), ("objects", things), ("init", places)):
        text = text.replace(f"(:{part}", f"(:{part}\n{more}", 1)
    description = folder / f"{task.name}.bddl"
    description.write_text(text)
    return replace(task, description=description, states=None)


def _objects(text: str) -> list[str]:
    """Categories of what can be lifted, of a task's description."""
    listed = re.search(r"\(:objects([^)]*)\)", text)
    return re.findall(r"- (\S+)", listed[1]) if listed else []
