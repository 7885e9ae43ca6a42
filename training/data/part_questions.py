# SPDX-License-Identifier: Apache-2.0
"""Questions about objects and their parts: categories such as "mug" and "mug:handle"."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .segmentation_data import DataQuestion, QuestionKind

__all__ = ["category_questions", "instance_questions", "spoken_name"]


def spoken_name(category: str) -> str:
    """A category as one says it: "mug handle" for "mug:handle", "glass" for "glass_(drink)"."""
    return " ".join(name.replace("_", " ") for name in _names(category))


def category_questions(named: Iterable[tuple[str, np.ndarray]]) -> list[DataQuestion]:
    """One question for each name, about all of its instances.

    Args:
        named: category and (H, W) bool mask of every instance.
    """
    masks: dict[str, np.ndarray] = {}
    for category, mask in named:
        name = spoken_name(category)
        masks[name] = masks[name] | mask if name in masks else mask
    return [
        DataQuestion(name, QuestionKind.CATEGORY, mask, category=name)
        for name, mask in masks.items()
        if mask.any()
    ]


def instance_questions(named: Iterable[tuple[str, np.ndarray]]) -> list[DataQuestion]:
    """One question for each instance, as the released training asks.

    A part has two wordings, "trash_can lid" and "the lid of the trash_can".

    Args:
        named: category and (H, W) bool mask of every instance.
    """
    questions = []
    for category, mask in named:
        thing, *parts = names = _names(category)
        questions.append(
            DataQuestion(
                " ".join(names),
                QuestionKind.CATEGORY,
                mask,
                category=spoken_name(category),
                other_text=f"the {parts[0]} of the {thing}" if parts else "",
            )
        )
    return questions


def _names(category: str) -> list[str]:
    """Object and part, without what explains them: ["glass", "rim"] for "glass_(drink):rim"."""
    return [part.partition("_(")[0] for part in category.split(":")]
