# SPDX-License-Identifier: Apache-2.0
"""More categories that robots meet, beside those of `categories`; and the catalogues of both."""

from __future__ import annotations

from typing import Final

from . import (
    shapes_gadgets,
    shapes_groceries,
    shapes_kitchen,
    shapes_toys,
    shapes_workshop,
)
from .categories import CATEGORIES, Category
from .colours import COLOURS

__all__ = ["ALL_CATEGORIES", "CATALOGUES", "MORE_CATEGORIES"]

_PAINTED = COLOURS
_TOOL = ("red", "orange", "yellow", "green", "blue", "black", "purple")
_BRIGHT = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black")
_WOODEN = ("brown", "brown", "brown", "white", "black", "grey", "green", "red")
_STEEL = ("grey", "grey", "grey", "black", "brown")
_PLASTIC = ("black", "black", "grey", "white", "white", "red", "blue", "pink")

MORE_CATEGORIES: Final[dict[str, Category]] = {
    category.name: category
    for category in (
        # kitchen
        Category("jar", shapes_kitchen.jar, _PAINTED),
        Category("basket", shapes_kitchen.basket, _WOODEN),
        Category("tray", shapes_kitchen.tray, _PAINTED),
        Category("pot", shapes_kitchen.pot, _PAINTED),
        Category("pan", shapes_kitchen.pan, ("black", "black", "grey", "red", "blue", "green")),
        Category("jug", shapes_kitchen.jug, _PAINTED),
        Category(
            "wineglass", shapes_kitchen.wineglass, ("white", "white", "blue", "green", "pink")
        ),
        Category("bucket", shapes_kitchen.bucket, _PAINTED),
        Category("spatula", shapes_kitchen.spatula, _BRIGHT),
        Category("whisk", shapes_kitchen.whisk, _BRIGHT),
        Category("ladle", shapes_kitchen.ladle, ("grey", "grey", *_BRIGHT)),
        Category("cutting_board", shapes_kitchen.cutting_board, _WOODEN),
        Category("rolling_pin", shapes_kitchen.rolling_pin, ("brown", "brown", "white", "grey")),
        Category("chopsticks", shapes_kitchen.chopsticks, ("brown", "black", "red", "white")),
        Category("sponge", shapes_kitchen.sponge, ("yellow", "yellow", "pink", "blue", "green")),
        Category("drawers", shapes_kitchen.drawers, ("brown", "brown", "white", *COLOURS)),
        Category("rope", shapes_kitchen.rope, _PAINTED),
        # groceries
        Category("bread", shapes_kitchen.bread, ("brown",)),
        Category("milk_carton", shapes_groceries.milk_carton, _BRIGHT),
        Category("cereal_box", shapes_groceries.cereal_box, _BRIGHT),
        Category("egg", shapes_groceries.egg, ("white", "brown")),
        Category("lemon", shapes_groceries.lemon, ("yellow", "yellow", "green")),
        Category("tomato", shapes_groceries.tomato, ("red", "red", "yellow")),
        Category("pear", shapes_groceries.pear, ("green", "yellow")),
        Category("cheese", shapes_groceries.cheese, ("yellow", "yellow", "orange")),
        Category("donut", shapes_groceries.donut, ("pink", "pink", "brown", "white", "purple")),
        Category("aubergine", shapes_groceries.aubergine, ("purple", "purple", "black")),
        Category("cucumber", shapes_groceries.cucumber, ("green",)),
        Category("chocolate", shapes_groceries.chocolate, _PAINTED),
        Category("soap", shapes_groceries.soap, ("white", "pink", "green", "blue", "yellow")),
        # workshop
        Category("pliers", shapes_workshop.pliers, _TOOL),
        Category("saw", shapes_workshop.saw, _TOOL),
        Category("drill", shapes_workshop.drill, _TOOL),
        Category("paintbrush", shapes_workshop.paintbrush, _BRIGHT),
        Category("bolt", shapes_workshop.bolt, _STEEL),
        Category("gear", shapes_workshop.gear, ("grey", "grey", *_BRIGHT)),
        Category("clamp", shapes_workshop.clamp, _TOOL),
        Category("tape_measure", shapes_workshop.tape_measure, _TOOL),
        Category("scrub_brush", shapes_workshop.scrub_brush, _BRIGHT),
        Category("spray_bottle", shapes_workshop.spray_bottle, _BRIGHT),
        # electronics and office
        Category("remote", shapes_gadgets.remote, _PLASTIC),
        Category("mouse", shapes_gadgets.mouse, _PLASTIC),
        Category("keyboard", shapes_gadgets.keyboard, _PLASTIC),
        Category("camera", shapes_gadgets.camera, ("black", "grey", "white", "red", "brown")),
        Category("calculator", shapes_gadgets.calculator, _PLASTIC),
        Category("battery", shapes_gadgets.battery, _BRIGHT),
        Category("light_bulb", shapes_gadgets.light_bulb, ("white", "white", "yellow", "red")),
        Category("headphones", shapes_gadgets.headphones, _PLASTIC),
        Category("charger", shapes_gadgets.charger, ("white", "black")),
        Category("stapler", shapes_gadgets.stapler, _BRIGHT),
        Category("eraser", shapes_gadgets.eraser, _BRIGHT),
        Category("marker", shapes_gadgets.marker, _BRIGHT),
        Category(
            "ruler", shapes_gadgets.ruler, ("brown", "yellow", "blue", "green", "pink", "grey")
        ),
        Category("glue_stick", shapes_gadgets.glue_stick, _BRIGHT),
        Category("glasses", shapes_gadgets.glasses, ("black", "brown", "red", "blue", "pink")),
        # toys, and things to wear and wash with
        Category("toy_car", shapes_toys.toy_car, _BRIGHT),
        Category("duck", shapes_toys.duck, ("yellow", "yellow", "pink", "blue", "white")),
        Category("teddy", shapes_toys.teddy, ("brown", "brown", "white", "pink", "grey", "blue")),
        Category("toy_brick", shapes_toys.toy_brick, _BRIGHT),
        Category("ring_tower", shapes_toys.ring_tower, _BRIGHT),
        Category("spinning_top", shapes_toys.spinning_top, _BRIGHT),
        Category("bowling_pin", shapes_workshop.bowling_pin, ("white", "white", *_BRIGHT)),
        Category("comb", shapes_toys.comb, _PAINTED),
        Category("hairbrush", shapes_toys.hairbrush, _BRIGHT),
        Category("cap", shapes_toys.cap, _PAINTED),
        Category("towel", shapes_toys.towel, _PAINTED),
    )
}
"""Categories that the packaged model's scenes do not have, by name."""

ALL_CATEGORIES: Final[dict[str, Category]] = {**CATEGORIES, **MORE_CATEGORIES}
"""Every category that can be rendered, by name."""

CATALOGUES: Final[dict[str, tuple[str, ...]]] = {
    "tabletop": tuple(CATEGORIES),
    "household": tuple(ALL_CATEGORIES),
}
"""Sets of categories: those of the packaged model, and all of them."""
