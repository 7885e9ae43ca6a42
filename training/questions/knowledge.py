# SPDX-License-Identifier: Apache-2.0
"""What the objects are for, what they are like, and which groups they form.

A `Concept` is one meaning that an instruction can ask for. `fits` lists every category that clearly
answers it, whatever else is in the scene. `maybe` lists categories about which people would argue
(a knife cuts paper, too): while one of them is in the scene, the concept is not asked at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CATEGORIES: Final = (
    "mug",
    "bottle",
    "can",
    "bowl",
    "plate",
    "book",
    "pencil",
    "banana",
    "apple",
    "orange",
    "carrot",
    "spoon",
    "fork",
    "knife",
    "hammer",
    "screwdriver",
    "scissors",
    "phone",
    "box",
    "die",
    "ball",
    "candle",
    "teapot",
    "key",
    "toothbrush",
    "tape",
    "flashlight",
    "wrench",
)
MORE_CATEGORIES: Final = (
    "jar",
    "basket",
    "tray",
    "pot",
    "pan",
    "jug",
    "wineglass",
    "bucket",
    "spatula",
    "whisk",
    "ladle",
    "cutting_board",
    "rolling_pin",
    "chopsticks",
    "sponge",
    "drawers",
    "rope",
    "bread",
    "milk_carton",
    "cereal_box",
    "egg",
    "lemon",
    "tomato",
    "pear",
    "cheese",
    "donut",
    "aubergine",
    "cucumber",
    "chocolate",
    "soap",
    "pliers",
    "saw",
    "drill",
    "paintbrush",
    "bolt",
    "gear",
    "clamp",
    "tape_measure",
    "scrub_brush",
    "spray_bottle",
    "remote",
    "mouse",
    "keyboard",
    "camera",
    "calculator",
    "battery",
    "light_bulb",
    "headphones",
    "charger",
    "stapler",
    "eraser",
    "marker",
    "ruler",
    "glue_stick",
    "glasses",
    "toy_car",
    "duck",
    "teddy",
    "toy_brick",
    "ring_tower",
    "spinning_top",
    "bowling_pin",
    "comb",
    "hairbrush",
    "cap",
    "towel",
)
"""Those of the larger catalogue alone, see `more_knowledge`."""
ALL_CATEGORIES: Final = (*CATEGORIES, *MORE_CATEGORIES)
COLOURS: Final = (
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "white",
    "black",
    "grey",
    "brown",
)


@dataclass(frozen=True)
class Concept:
    """One meaning: the categories that answer it, and those that make it ambiguous."""

    name: str
    fits: frozenset[str]
    maybe: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = (self.fits | self.maybe) - set(ALL_CATEGORIES)
        if unknown or not self.fits:
            raise ValueError(
                f"concept {self.name!r} needs at least one fitting category and only known ones; "
                f"unknown: {sorted(unknown)}"
            )
        if self.fits & self.maybe:
            raise ValueError(
                f"concept {self.name!r}: {sorted(self.fits & self.maybe)} must be either in fits "
                "or in maybe, not in both"
            )


def concept_table(rows: dict[str, str]) -> dict[str, Concept]:
    """Read rows `name: "fitting categories | arguable categories"`."""
    concepts = {}
    for name, row in rows.items():
        fits, _, maybe = row.partition("|")
        concepts[name] = Concept(name, frozenset(fits.split()), frozenset(maybe.split()))
    return concepts


FUNCTIONS: Final = concept_table(
    {
        # cutting
        "cut_paper": "scissors | knife",
        "cut_anything": "scissors knife",
        "slice_food": "knife | scissors fork",
        "spread_butter": "knife | spoon fork",
        "open_parcel": "scissors knife | key screwdriver pencil",
        # drinking and eating
        "drink": "mug bottle | can bowl teapot",
        "hot_drink": "mug | teapot bowl bottle can",
        "brew_tea": "teapot | mug bottle",
        "metal_waste": "can",
        "pantry": "can | bottle box banana apple orange carrot",
        "carry_water": "bottle | can mug teapot",
        "hold_liquid": "mug bottle bowl teapot | can spoon box plate",
        "hold_flowers": "bottle | mug can teapot bowl",
        "eat": "banana apple orange carrot | can",
        "fruit_salad": "banana apple orange | carrot",
        "squeeze_juice": "orange | apple carrot",
        "feed_horse": "apple carrot | banana orange",
        "feed_rabbit": "carrot | apple banana orange",
        "vegetable_stew": "carrot",
        "feed_monkey": "banana | apple orange carrot",
        "eat_soup": "spoon | bowl mug",
        "stir": "spoon | fork knife",
        "eat_pasta": "fork | spoon bowl plate",
        "serve_on": "plate | bowl box",
        "serve_cereal": "bowl | mug plate spoon fork",
        "set_table": "plate bowl mug spoon fork knife teapot | bottle can candle",
        "wash_dishes": "plate bowl mug spoon fork knife teapot | bottle scissors",
        # paper and phone
        "write": "pencil | phone book",
        "draw": "pencil",
        "read": "book | phone",
        "study": "book | phone pencil",
        "call": "phone",
        "take_photo": "phone",
        "look_up": "phone | book",
        # tools
        "drive_nail": "hammer | wrench",
        "smash": "hammer | wrench",
        "turn_screw": "screwdriver | knife",
        "assemble": "screwdriver | hammer wrench knife",
        "turn_bolt": "wrench",
        "fix_pipe": "wrench | tape screwdriver hammer",
        "repair": "hammer screwdriver wrench | tape scissors knife flashlight",
        "stick": "tape",
        "wrap_gift": "tape | scissors box",
        # light
        "see_in_dark": "flashlight | phone candle",
        "give_light": "flashlight candle | phone",
        "cosy_mood": "candle",
        "birthday": "candle",
        # doors, body, play, storage
        "unlock": "key",
        "start_car": "key",
        "leave_house": "key phone | bottle flashlight book",
        "brush_teeth": "toothbrush",
        "scrub": "toothbrush",
        "board_game": "die | phone",
        "throw": "ball",
        "sport": "ball",
        "play": "ball die | phone box book pencil",
        "pack": "box | bowl mug",
        "mail": "box | tape",
    }
)

PROPERTIES: Final = concept_table(
    {
        # shape
        "round": "ball orange apple | teapot",
        "cube": "die box | book phone",
        "curved": "banana",
        "flat_round": "plate | tape bowl",
        # material
        "metal": (
            "knife scissors key wrench can | "
            "spoon fork hammer screwdriver flashlight teapot phone bottle"
        ),
        "porcelain": "mug plate bowl teapot",
        "paper": "book | box tape",
        "cardboard": "box | book",
        "wood": "pencil | hammer box die screwdriver knife",
        "wax": "candle",
        "tin": "can",
        # behaviour
        "breakable": "mug plate bowl teapot | bottle phone candle flashlight pencil",
        "sharp": "knife scissors | fork screwdriver pencil key",
        "sticky": "tape",
        "electric": "phone flashlight | toothbrush",
        "bounces": "ball",
        "shines": "flashlight | phone candle",
        "recycle": "can bottle | box book phone",
        # food
        "peel": "banana orange | apple carrot",
        "sweet": "banana apple orange | carrot can",
        "crunchy": "apple carrot",
        "underground": "carrot",
        "tree": "apple orange | banana",
        "perishable": "banana apple orange carrot | can bottle",
        # parts
        "blade": "knife scissors",
        "finger_holes": "scissors | mug",
        "screen": "phone",
        "pages": "book",
        "bristles": "toothbrush",
        "prongs": "fork",
        "dots": "die",
        "spout": "teapot",
        "cap": "bottle | teapot",
        "keyhole": "key",
        "heavy_head": "hammer | wrench",
        "jaws": "wrench",
        "screw_tip": "screwdriver",
        # places
        "bathroom": "toothbrush | mug scissors tape candle bottle box",
        "toolbox": "hammer screwdriver wrench | tape flashlight scissors knife pencil key",
        "desk": "pencil book scissors tape | phone box mug flashlight key candle",
        "cutlery_drawer": "spoon fork knife | scissors",
        # groups that have a noun (see nouns.GROUP_NOUNS)
        "fruit": "banana apple orange",
        "vegetable": "carrot",
        "food": "banana apple orange carrot | can",
        "tool": "hammer screwdriver wrench | tape scissors knife flashlight",
        "toy": "ball die",
        "cutlery": "spoon fork knife",
        "tableware": "plate bowl mug spoon fork knife teapot | bottle can candle",
        "container": "mug bottle can bowl box teapot | plate",
        "device": "phone flashlight | toothbrush",
        "stationery": "pencil scissors tape | book phone",
    }
)

PARTLY_COLOURED: Final = {
    "grey": frozenset({"knife", "scissors", "screwdriver", "hammer", "spoon", "fork"}),
    "black": frozenset({"phone", "ball"}),
    "white": frozenset({"mug", "ball", "book", "candle"}),
    "green": frozenset({"carrot"}),
    "brown": frozenset({"hammer", "tape"}),
}
"""Categories with parts of a colour that is not their own: a red knife has a grey blade."""
