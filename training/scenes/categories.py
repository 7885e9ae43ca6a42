# SPDX-License-Identifier: Apache-2.0
"""The table of object categories: how each is built and which colours it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from . import shapes_crockery, shapes_cutlery, shapes_desk, shapes_food, shapes_tools
from .colours import COLOURS, RGB
from .mesh import Part

Builder: TypeAlias = Callable[[np.random.Generator, RGB], tuple[Part, ...]]
"""Builds one instance of a category in a resting pose; metres, z up."""


@dataclass(frozen=True)
class Category:
    """One kind of object."""

    name: str
    build: Builder
    colours: tuple[str, ...]
    """Names of the colours that an instance can have, all equally likely."""


_PAINTED = COLOURS
_TOOL = ("red", "orange", "yellow", "green", "blue", "black", "brown", "purple")
_CUTLERY = (
    "grey",
    "grey",
    "grey",
    "brown",
    "red",
    "green",
    "blue",
    "yellow",
    "pink",
    "white",
    "black",
)
_BRIGHT = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black")

CATEGORIES: dict[str, Category] = {
    category.name: category
    for category in (
        Category("mug", shapes_crockery.mug, _PAINTED),
        Category("bottle", shapes_crockery.bottle, _PAINTED),
        Category("can", shapes_crockery.can, _PAINTED),
        Category("bowl", shapes_crockery.bowl, _PAINTED),
        Category("plate", shapes_crockery.plate, _PAINTED),
        Category("book", shapes_desk.book, _PAINTED),
        Category("pencil", shapes_desk.pencil, _BRIGHT),
        Category("banana", shapes_food.banana, ("yellow", "yellow", "green")),
        Category("apple", shapes_food.apple, ("red", "green", "yellow")),
        Category("orange", shapes_food.orange, ("orange",)),
        Category("carrot", shapes_food.carrot, ("orange",)),
        Category("spoon", shapes_cutlery.spoon, _CUTLERY),
        Category("fork", shapes_cutlery.fork, _CUTLERY),
        Category("knife", shapes_cutlery.knife, _TOOL),
        Category("hammer", shapes_tools.hammer, _TOOL),
        Category("screwdriver", shapes_tools.screwdriver, _TOOL),
        Category("scissors", shapes_tools.scissors, _BRIGHT),
        Category("phone", shapes_desk.phone, _PAINTED),
        Category("box", shapes_desk.parcel, ("brown", "brown", "brown", *COLOURS)),
        Category("die", shapes_desk.die, ("white", "white", *_BRIGHT)),
        Category("ball", shapes_desk.ball, ("white", "yellow", *_BRIGHT)),
        Category("candle", shapes_crockery.candle, _PAINTED),
        Category("teapot", shapes_crockery.teapot, _PAINTED),
        Category(
            "key", shapes_desk.key, ("grey", "grey", "yellow", "brown", "black", "red", "blue")
        ),
        Category("toothbrush", shapes_cutlery.toothbrush, _BRIGHT),
        Category("tape", shapes_tools.tape, _PAINTED),
        Category("flashlight", shapes_tools.flashlight, _PAINTED),
        Category("wrench", shapes_tools.wrench, ("grey", "grey", "grey", "black", "red", "blue")),
    )
}
"""Every category by its name."""
