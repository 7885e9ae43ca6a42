# SPDX-License-Identifier: Apache-2.0
"""The data set, images and folders that the options of a command name."""

from __future__ import annotations

import argparse
import re

from ..data import ImageData, SceneData
from ..data.open_data import data_place, open_data
from ..data.scene_data import render_scenes, scene_phrasings

__all__ = ["asked_indices", "check_amounts", "open_data_as_asked", "slug"]


def check_amounts(options: argparse.Namespace) -> None:
    """Refuse numbers of images and questions below 1."""
    if options.samples is not None and options.samples < 1:
        raise ValueError(f"--samples is {options.samples}, it must be at least 1")
    if options.questions is not None and options.questions < 1:
        raise ValueError(f"--questions is {options.questions}, it must be at least 1")


def open_data_as_asked(options: argparse.Namespace) -> ImageData:
    """The data set; rendered scenes with their questions, and rendered if they are missing."""
    kind, place, split = data_place(options.data)
    if kind == "scenes" and options.samples is not None:
        render_scenes(place, scene_phrasings(split)[0], options.samples)
    data, questions = open_data(options.data), options.questions
    if isinstance(data, SceneData):
        return data.drawn(data.questions_a_round if questions is None else questions, options.seed)
    if questions is not None:
        raise ValueError(f"--questions is for scenes:PATH:SPLIT, {options.data!r} has its own")
    return data


def asked_indices(data: ImageData, samples: int | None) -> list[int]:
    """The images that are evaluated."""
    count = len(data) if samples is None else min(samples, len(data))
    return data.asked_about(count) if isinstance(data, SceneData) else list(range(count))


def slug(name: str) -> str:
    """A name as a folder may have it."""
    return re.sub(r"[^\w.-]+", "_", name).strip("_") or "unnamed"
