# SPDX-License-Identifier: Apache-2.0
"""The names of the things and groups that only the larger catalogue has."""

from __future__ import annotations

from typing import Final

from .nouns import Noun

__all__ = ["MORE_GROUP_NOUNS", "MORE_NOUNS"]

MORE_NOUNS: Final[dict[str, tuple[Noun, ...]]] = {
    "jar": (
        Noun("jar", "jars"),
        Noun("jam jar", "jam jars"),
        Noun("screw-top jar", "screw-top jars"),
    ),
    "basket": (
        Noun("basket", "baskets"),
        Noun("wicker basket", "wicker baskets"),
    ),
    "tray": (
        Noun("tray", "trays"),
        Noun("serving tray", "serving trays"),
    ),
    "pot": (
        Noun("pot", "pots"),
        Noun("cooking pot", "cooking pots"),
        Noun("saucepan", "saucepans"),
    ),
    "pan": (
        Noun("pan", "pans"),
        Noun("frying pan", "frying pans"),
        Noun("skillet", "skillets"),
    ),
    "jug": (
        Noun("jug", "jugs"),
        Noun("pitcher", "pitchers"),
    ),
    "wineglass": (
        Noun("wine glass", "wine glasses"),
        Noun("goblet", "goblets"),
    ),
    "bucket": (
        Noun("bucket", "buckets"),
        Noun("pail", "pails"),
    ),
    "spatula": (
        Noun("spatula", "spatulas"),
        Noun("turner", "turners"),
    ),
    "whisk": (
        Noun("whisk", "whisks"),
        Noun("egg beater", "egg beaters"),
    ),
    "ladle": (
        Noun("ladle", "ladles"),
        Noun("soup ladle", "soup ladles"),
    ),
    "cutting_board": (
        Noun("cutting board", "cutting boards"),
        Noun("chopping board", "chopping boards"),
    ),
    "rolling_pin": (Noun("rolling pin", "rolling pins"),),
    "chopsticks": (
        Noun("chopsticks", "chopsticks", plural_only=True),
        Noun("pair of chopsticks", "pairs of chopsticks"),
    ),
    "sponge": (
        Noun("sponge", "sponges"),
        Noun("dish sponge", "dish sponges"),
    ),
    "drawers": (
        Noun("chest of drawers", "chests of drawers"),
        Noun("small cabinet", "small cabinets"),
        Noun("drawer unit", "drawer units"),
    ),
    "rope": (
        Noun("coil of rope", "coils of rope"),
        Noun("coiled rope", "coiled ropes"),
    ),
    "bread": (
        Noun("loaf of bread", "loaves of bread"),
        Noun("bread loaf", "bread loaves"),
        Noun("loaf", "loaves"),
    ),
    "milk_carton": (
        Noun("milk carton", "milk cartons"),
        Noun("carton of milk", "cartons of milk"),
    ),
    "cereal_box": (
        Noun("cereal box", "cereal boxes"),
        Noun("box of cereal", "boxes of cereal"),
        Noun("pack of cereal", "packs of cereal"),
    ),
    "egg": (
        Noun("egg", "eggs"),
        Noun("chicken egg", "chicken eggs"),
    ),
    "lemon": (Noun("lemon", "lemons"),),
    "tomato": (Noun("tomato", "tomatoes"),),
    "pear": (Noun("pear", "pears"),),
    "cheese": (
        Noun("piece of cheese", "pieces of cheese"),
        Noun("wedge of cheese", "wedges of cheese"),
    ),
    "donut": (
        Noun("donut", "donuts"),
        Noun("doughnut", "doughnuts"),
    ),
    "aubergine": (
        Noun("aubergine", "aubergines"),
        Noun("eggplant", "eggplants"),
    ),
    "cucumber": (Noun("cucumber", "cucumbers"),),
    "chocolate": (
        Noun("chocolate bar", "chocolate bars"),
        Noun("bar of chocolate", "bars of chocolate"),
    ),
    "soap": (
        Noun("bar of soap", "bars of soap"),
        Noun("soap bar", "soap bars"),
    ),
    "pliers": (
        Noun("pliers", "pliers", plural_only=True),
        Noun("pair of pliers", "pairs of pliers"),
    ),
    "saw": (
        Noun("saw", "saws"),
        Noun("hand saw", "hand saws"),
    ),
    "drill": (
        Noun("drill", "drills"),
        Noun("power drill", "power drills"),
        Noun("cordless drill", "cordless drills"),
    ),
    "paintbrush": (
        Noun("paintbrush", "paintbrushes"),
        Noun("flat brush", "flat brushes"),
    ),
    "bolt": (
        Noun("bolt", "bolts"),
        Noun("hex bolt", "hex bolts"),
    ),
    "gear": (
        Noun("gear", "gears"),
        Noun("gear wheel", "gear wheels"),
        Noun("cogwheel", "cogwheels"),
    ),
    "clamp": (
        Noun("clamp", "clamps"),
        Noun("screw clamp", "screw clamps"),
    ),
    "tape_measure": (
        Noun("tape measure", "tape measures"),
        Noun("measuring tape", "measuring tapes"),
    ),
    "scrub_brush": (
        Noun("scrubbing brush", "scrubbing brushes"),
        Noun("scrub brush", "scrub brushes"),
    ),
    "spray_bottle": (
        Noun("spray bottle", "spray bottles"),
        Noun("spray", "sprays"),
    ),
    "remote": (
        Noun("remote", "remotes"),
        Noun("remote control", "remote controls"),
        Noun("TV remote", "TV remotes"),
    ),
    "mouse": (
        Noun("computer mouse", "computer mice"),
        Noun("mouse", "mice"),
    ),
    "keyboard": (
        Noun("keyboard", "keyboards"),
        Noun("computer keyboard", "computer keyboards"),
    ),
    "camera": (
        Noun("camera", "cameras"),
        Noun("photo camera", "photo cameras"),
    ),
    "calculator": (
        Noun("calculator", "calculators"),
        Noun("pocket calculator", "pocket calculators"),
    ),
    "battery": (
        Noun("battery", "batteries"),
        Noun("battery cell", "battery cells"),
    ),
    "light_bulb": (
        Noun("light bulb", "light bulbs"),
        Noun("bulb", "bulbs"),
    ),
    "headphones": (
        Noun("headphones", "headphones", plural_only=True),
        Noun("pair of headphones", "pairs of headphones"),
    ),
    "charger": (
        Noun("charger", "chargers"),
        Noun("phone charger", "phone chargers"),
        Noun("power adapter", "power adapters"),
    ),
    "stapler": (Noun("stapler", "staplers"),),
    "eraser": (
        Noun("eraser", "erasers"),
        Noun("rubber eraser", "rubber erasers"),
    ),
    "marker": (
        Noun("marker", "markers"),
        Noun("felt pen", "felt pens"),
    ),
    "ruler": (Noun("ruler", "rulers"),),
    "glue_stick": (
        Noun("glue stick", "glue sticks"),
        Noun("stick of glue", "sticks of glue"),
    ),
    "glasses": (
        Noun("glasses", "glasses", plural_only=True),
        Noun("spectacles", "spectacles", plural_only=True),
        Noun("pair of glasses", "pairs of glasses"),
    ),
    "toy_car": (
        Noun("toy car", "toy cars"),
        Noun("model car", "model cars"),
    ),
    "duck": (
        Noun("rubber duck", "rubber ducks"),
        Noun("toy duck", "toy ducks"),
        Noun("bath duck", "bath ducks"),
    ),
    "teddy": (
        Noun("teddy bear", "teddy bears"),
        Noun("teddy", "teddies"),
        Noun("toy bear", "toy bears"),
    ),
    "toy_brick": (
        Noun("toy brick", "toy bricks"),
        Noun("building brick", "building bricks"),
    ),
    "ring_tower": (
        Noun("ring tower", "ring towers"),
        Noun("stacking toy", "stacking toys"),
        Noun("tower of rings", "towers of rings"),
    ),
    "spinning_top": (
        Noun("spinning top", "spinning tops"),
        Noun("toy top", "toy tops"),
    ),
    "bowling_pin": (
        Noun("bowling pin", "bowling pins"),
        Noun("skittle", "skittles"),
    ),
    "comb": (
        Noun("comb", "combs"),
        Noun("hair comb", "hair combs"),
    ),
    "hairbrush": (Noun("hairbrush", "hairbrushes"),),
    "cap": (
        Noun("cap", "caps"),
        Noun("baseball cap", "baseball caps"),
    ),
    "towel": (
        Noun("towel", "towels"),
        Noun("rolled towel", "rolled towels"),
    ),
}
MORE_GROUP_NOUNS: Final[dict[str, tuple[Noun, ...]]] = {
    "kitchen_tool": (
        Noun("kitchen tool", "kitchen tools"),
        Noun("cooking tool", "cooking tools"),
    ),
    "grocery": (
        Noun("grocery item", "grocery items"),
        Noun("grocery", "groceries"),
    ),
}
