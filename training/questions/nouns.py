# SPDX-License-Identifier: Apache-2.0
"""The names of categories, colours and groups in English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Noun:
    """A countable English name; `plural_only` marks names like "scissors" ("where are the ...")."""

    singular: str
    plural: str
    plural_only: bool = False
    mass: bool = False

    def indefinite(self, adjective: str = "") -> str:
        """The name with its indefinite article: "a red mug", "an apple", "some scissors"."""
        name = f"{adjective} {self.singular}".strip()
        if self.plural_only or self.mass:
            return f"some {name}"
        return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def _regular(*names: str) -> tuple[Noun, ...]:
    return tuple(
        Noun(name, name + ("es" if name.endswith(("x", "ch", "sh")) else "s")) for name in names
    )


CATEGORY_NOUNS: Final[dict[str, tuple[Noun, ...]]] = {
    "mug": _regular("mug", "cup", "coffee mug", "coffee cup"),
    "bottle": _regular("bottle", "water bottle"),
    "can": _regular("can", "tin can", "tin"),
    "bowl": _regular("bowl", "cereal bowl", "soup bowl"),
    "plate": _regular("plate", "dinner plate"),
    "book": _regular("book", "novel"),
    "pencil": _regular("pencil", "drawing pencil"),
    "banana": _regular("banana"),
    "apple": _regular("apple"),
    "orange": _regular("orange"),
    "carrot": _regular("carrot"),
    "spoon": _regular("spoon", "soup spoon"),
    "fork": _regular("fork", "dinner fork"),
    "knife": (Noun("knife", "knives"), Noun("kitchen knife", "kitchen knives")),
    "hammer": _regular("hammer", "claw hammer"),
    "screwdriver": _regular("screwdriver"),
    "scissors": (
        Noun("scissors", "scissors", plural_only=True),
        Noun("pair of scissors", "pairs of scissors"),
    ),
    "phone": _regular("phone", "cell phone", "mobile phone", "smartphone", "telephone"),
    "box": _regular("box", "cardboard box", "carton"),
    "die": (Noun("die", "dice"), Noun("dice", "dice")),
    "ball": _regular("ball", "toy ball"),
    "candle": _regular("candle", "wax candle"),
    "teapot": _regular("teapot"),
    "key": _regular("key", "door key", "house key"),
    "toothbrush": _regular("toothbrush"),
    "tape": (
        Noun("tape", "tapes", mass=True),
        Noun("roll of tape", "rolls of tape"),
        Noun("sticky tape", "sticky tapes", mass=True),
    ),
    "flashlight": _regular("flashlight", "torch"),
    "wrench": _regular("wrench", "spanner"),
}

GROUP_NOUNS: Final[dict[str, tuple[Noun, ...]]] = {
    "fruit": (Noun("fruit", "fruits"), Noun("piece of fruit", "pieces of fruit")),
    "vegetable": _regular("vegetable"),
    "food": (Noun("food item", "food items"), Noun("piece of food", "pieces of food")),
    "tool": _regular("tool"),
    "toy": _regular("toy"),
    "cutlery": (Noun("piece of cutlery", "pieces of cutlery"), *_regular("eating utensil")),
    "tableware": (Noun("piece of tableware", "pieces of tableware"),),
    "container": _regular("container"),
    "device": _regular("electronic device", "gadget"),
    "stationery": (Noun("piece of stationery", "pieces of stationery"),),
    "metal": _regular("metal object", "metal thing"),
    "sharp": _regular("sharp object", "sharp thing"),
    "breakable": _regular("breakable object", "fragile thing"),
    "round": (Noun("ball-shaped object", "ball-shaped objects"),),
}

THINGS: Final = _regular("thing", "object", "item")

COLOUR_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "red": ("red",),
    "orange": ("orange",),
    "yellow": ("yellow",),
    "green": ("green",),
    "blue": ("blue",),
    "purple": ("purple", "violet"),
    "pink": ("pink",),
    "white": ("white",),
    "black": ("black",),
    "grey": ("grey", "gray"),
    "brown": ("brown",),
}
