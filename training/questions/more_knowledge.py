# SPDX-License-Identifier: Apache-2.0
"""What the things of the larger catalogue are for and what they are like.

The concepts of `knowledge` with more categories in them, and concepts of their own.
"""

from __future__ import annotations

from typing import Final

from .knowledge import FUNCTIONS, PARTLY_COLOURED, PROPERTIES, Concept, concept_table

__all__ = [
    "MORE_FUNCTIONS",
    "MORE_PARTLY_COLOURED",
    "MORE_PROPERTIES",
]


def _with_more(concepts: dict[str, Concept], rows: dict[str, str]) -> dict[str, Concept]:
    """The same concepts, of which `rows` name more categories: "fitting | arguable"."""
    more = dict(concepts)
    for name, row in rows.items():
        fits, _, maybe = row.partition("|")
        known = concepts[name]
        more[name] = Concept(name, known.fits | set(fits.split()), known.maybe | set(maybe.split()))
    return more


MORE_FUNCTIONS: Final = _with_more(
    FUNCTIONS,
    {
        "cut_paper": "| saw",
        "cut_anything": "| saw",
        "open_parcel": "| saw pliers",
        "drink": "wineglass | jug jar milk_carton pot bucket",
        "hot_drink": "| jug pot wineglass jar",
        "brew_tea": "| pot jug",
        "metal_waste": "| battery pan pot bolt gear",
        "pantry": (
            "| jar cereal_box bread chocolate egg lemon tomato pear cheese donut aubergine "
            "cucumber milk_carton"
        ),
        "carry_water": "| jug bucket pot jar wineglass milk_carton spray_bottle",
        "hold_liquid": "jug wineglass bucket pot | jar pan milk_carton spray_bottle ladle basket",
        "hold_flowers": "jug | jar bucket wineglass pot basket",
        "eat": (
            "bread tomato pear cheese donut cucumber chocolate egg | lemon aubergine "
            "cereal_box milk_carton jar"
        ),
        "fruit_salad": "pear | lemon tomato",
        "squeeze_juice": "lemon | tomato pear",
        "feed_horse": "| pear bread cucumber",
        "feed_rabbit": "| cucumber pear tomato bread",
        "vegetable_stew": "aubergine tomato | cucumber lemon egg",
        "feed_monkey": "| pear",
        "eat_soup": "| ladle pot",
        "stir": "whisk ladle | spatula chopsticks paintbrush",
        "spread_butter": "| spatula paintbrush",
        "eat_pasta": "| chopsticks",
        "serve_on": "tray | cutting_board basket pan",
        "serve_cereal": "| jug cereal_box milk_carton ladle",
        "set_table": (
            "wineglass chopsticks jug | pot pan tray ladle cutting_board basket jar towel"
        ),
        "wash_dishes": (
            "pot pan jug wineglass ladle whisk spatula | chopsticks tray cutting_board rolling_pin "
            "jar sponge scrub_brush bucket basket soap"
        ),
        "write": "marker | keyboard paintbrush eraser",
        "draw": "marker | paintbrush ruler eraser",
        "read": "| cereal_box glasses",
        "study": "| calculator marker ruler eraser keyboard glasses",
        "take_photo": "camera",
        "look_up": "| calculator keyboard",
        "smash": "| rolling_pin pan bowling_pin",
        "turn_screw": "drill",
        "assemble": "drill | pliers clamp",
        "turn_bolt": "| pliers",
        "fix_pipe": "| pliers drill clamp rope",
        "repair": "pliers drill | saw clamp glue_stick tape_measure paintbrush rope",
        "stick": "glue_stick | clamp stapler",
        "wrap_gift": "| rope glue_stick",
        "see_in_dark": "| light_bulb glasses",
        "give_light": "light_bulb",
        "cosy_mood": "| light_bulb teddy wineglass",
        "birthday": "| donut chocolate",
        "leave_house": "| cap glasses headphones charger battery",
        "scrub": "scrub_brush | sponge towel hairbrush soap",
        "board_game": "| toy_brick",
        "throw": "| teddy toy_brick bowling_pin egg tomato",
        "sport": "| bowling_pin cap rope towel",
        "play": (
            "toy_car duck teddy toy_brick ring_tower spinning_top bowling_pin | rope "
            "headphones gear"
        ),
        "pack": "basket | drawers tray bucket jar pot",
        "mail": "| cereal_box milk_carton",
        "slice_food": "| saw",
    },
) | concept_table(
    {
        "cook_soup": "pot | pan",
        "fry": "pan | pot spatula",
        "flip": "spatula | fork pan",
        "beat_eggs": "whisk | fork spoon ladle",
        "serve_soup": "ladle | spoon",
        "roll_dough": "rolling_pin | bottle",
        "chop_on": "cutting_board | plate tray",
        "dry": "towel | sponge cap",
        "wash_hands": "soap | towel sponge scrub_brush bottle spray_bottle bucket",
        "comb_hair": "comb hairbrush",
        "sun": "cap | glasses towel",
        "see_better": "glasses | flashlight camera",
        "listen": "headphones | phone remote",
        "change_channel": "remote | phone keyboard",
        "charge": "charger | battery",
        "power": "battery | charger",
        "add_up": "calculator | phone",
        "type": "keyboard | phone calculator remote",
        "click": "mouse",
        "measure": "tape_measure ruler | rope",
        "drill_hole": "drill",
        "saw_wood": "saw",
        "grip": "pliers clamp | wrench",
        "staple": "stapler | tape glue_stick clamp",
        "erase": "eraser",
        "paint": "paintbrush | marker pencil scrub_brush",
        "tie": "rope | tape",
        "spray": "spray_bottle | bottle",
        "clean": "sponge scrub_brush soap | toothbrush towel bucket spray_bottle paintbrush",
        "fetch_water": "bucket | jug pot bottle",
        "carry_many": "basket tray | box bowl bucket drawers cutting_board",
        "store": "drawers box basket jar | bucket tray pot bowl",
        "breakfast": (
            "cereal_box milk_carton bread egg | banana apple orange pear chocolate donut "
            "cheese tomato can jar mug bowl"
        ),
        "omelette": "egg | pan whisk cheese tomato",
        "sandwich": "bread cheese | tomato cucumber knife egg",
        "dessert": "donut chocolate | banana apple orange pear cereal_box jar",
        "sour_taste": "lemon | orange tomato jar",
        "toast": "wineglass | mug bottle jug",
        "bath": "duck | sponge soap towel ball",
        "cuddle": "teddy | towel",
        "race": "toy_car | ball",
        "build": "toy_brick | box die ring_tower",
        "stack": "ring_tower | toy_brick box die bowl",
        "spin": "spinning_top | ball die gear",
        "bowl_at": "bowling_pin | bottle can",
    }
)

MORE_PROPERTIES: Final = _with_more(
    PROPERTIES,
    {
        "round": "| tomato egg lemon donut light_bulb",
        "cube": "| drawers toy_brick cheese",
        "curved": "| cucumber",
        "flat_round": "| pan gear donut pot",
        "metal": (
            "bolt | whisk pot pan saw pliers drill gear clamp ladle bucket tray camera "
            "tape_measure wineglass jug spatula battery stapler paintbrush headphones charger"
        ),
        "porcelain": "| jug pot wineglass",
        "paper": "| milk_carton cereal_box towel sponge chocolate",
        "cardboard": "cereal_box milk_carton | drawers",
        "wood": (
            "| rolling_pin cutting_board chopsticks basket drawers ruler paintbrush "
            "ring_tower bowling_pin spinning_top toy_car hairbrush tray toy_brick"
        ),
        "wax": "| soap cheese",
        "tin": "| bucket battery",
        "breakable": "wineglass light_bulb egg | jug jar glasses camera headphones",
        "sharp": "saw | pliers drill",
        "sticky": "| glue_stick donut",
        "electric": (
            "remote camera calculator headphones charger drill | mouse keyboard battery light_bulb"
        ),
        "bounces": "| toy_brick",
        "shines": "light_bulb | camera",
        "recycle": "milk_carton cereal_box jar | battery light_bulb wineglass spray_bottle",
        "peel": "| lemon egg pear cucumber aubergine tomato cheese",
        "sweet": "pear donut chocolate | cereal_box jar tomato lemon milk_carton bread",
        "crunchy": "| cucumber pear cereal_box bread",
        "tree": "pear lemon",
        "perishable": (
            "pear tomato milk_carton cheese cucumber aubergine lemon | bread egg donut "
            "chocolate jar"
        ),
        "blade": "saw | spatula",
        "finger_holes": "| pliers saw",
        "screen": "| calculator camera remote",
        "bristles": "scrub_brush hairbrush paintbrush",
        "prongs": "| comb charger",
        "dots": "| donut",
        "spout": "jug | milk_carton spray_bottle",
        "cap": "| jar marker glue_stick milk_carton spray_bottle cap battery",
        "keyhole": "| drawers",
        "jaws": "pliers | clamp",
        "screw_tip": "| bolt drill",
        "bathroom": (
            "soap towel comb hairbrush | sponge duck cap glasses bucket basket scrub_brush "
            "spray_bottle"
        ),
        "toolbox": (
            "pliers saw drill bolt clamp tape_measure | gear paintbrush rope battery ruler "
            "marker glue_stick"
        ),
        "desk": (
            "stapler eraser marker ruler glue_stick calculator mouse keyboard | charger "
            "headphones glasses remote camera battery drawers light_bulb"
        ),
        "cutlery_drawer": "chopsticks | ladle whisk spatula rolling_pin",
        "fruit": "pear lemon | tomato cucumber aubergine",
        "vegetable": "aubergine cucumber | tomato",
        "food": (
            "bread egg lemon tomato pear cheese donut aubergine cucumber chocolate | "
            "milk_carton cereal_box jar"
        ),
        "tool": (
            "pliers saw drill clamp tape_measure | paintbrush bolt gear scrub_brush rope "
            "ruler whisk spatula"
        ),
        "toy": "toy_car duck teddy toy_brick ring_tower spinning_top bowling_pin",
        "cutlery": "| chopsticks ladle",
        "tableware": "wineglass jug | pot pan tray jar chopsticks ladle basket",
        "container": (
            "jar basket jug bucket pot drawers | tray pan wineglass milk_carton cereal_box "
            "spray_bottle"
        ),
        "device": (
            "remote camera calculator headphones | charger mouse keyboard drill battery light_bulb"
        ),
        "stationery": "stapler eraser marker ruler glue_stick | calculator paintbrush",
    },
) | concept_table(
    {
        "soft": "teddy towel | sponge cap bread ball donut rope",
        "see_through": "wineglass | light_bulb glasses jar bottle jug",
        "buttons": "remote calculator keyboard | phone mouse camera headphones",
        "lens": "camera | glasses phone flashlight",
        "wheels": "toy_car",
        "teeth": "comb saw gear | key fork",
        "thread": "bolt | light_bulb clamp jar bottle",
        "hole": "donut gear | tape rope cutting_board key wrench ring_tower mug scissors",
        "wear": "cap glasses headphones",
        "laundry": "towel | cap teddy sponge",
        "carrying_bow": "basket bucket | mug teapot jug pot",
        "studs": "toy_brick",
        "dairy": "cheese milk_carton",
        "baked": "bread donut",
        "has_yolk": "egg",
        "seeds": "tomato cucumber | apple orange lemon pear aubergine",
        "scented": "soap | candle lemon",
        "kitchen_tool": (
            "spatula whisk ladle rolling_pin cutting_board | knife spoon fork sponge tray "
            "chopsticks pan pot"
        ),
        "grocery": (
            "milk_carton cereal_box bread egg lemon tomato pear cheese aubergine cucumber "
            "chocolate | banana apple orange carrot donut can bottle jar soap"
        ),
    }
)

_PARTLY: Final = {
    "grey": (
        "pliers saw drill bolt clamp paintbrush ladle spatula whisk drawers tape_measure "
        "stapler camera light_bulb basket"
    ),
    "black": (
        "drill pan pot camera mouse headphones toy_car stapler hairbrush toy_brick "
        "keyboard calculator remote gear cutting_board"
    ),
    "white": (
        "marker eraser cereal_box milk_carton keyboard calculator remote jar ring_tower "
        "sponge toy_car drawers tray jug glue_stick scrub_brush towel battery bowling_pin "
        "chocolate spray_bottle camera mouse soap"
    ),
    "green": "tomato aubergine sponge calculator ring_tower",
    "brown": "paintbrush pear lemon chocolate donut bread cheese teddy scrub_brush",
    "yellow": "tape_measure cereal_box ring_tower light_bulb bread",
    "orange": "duck ring_tower",
    "red": "ring_tower remote wineglass glue_stick",
    "blue": "ring_tower remote",
    "purple": "ring_tower",
    "pink": "ring_tower teddy",
}
MORE_PARTLY_COLOURED: Final = {
    colour: PARTLY_COLOURED.get(colour, frozenset()) | set(names.split())
    for colour, names in _PARTLY.items()
}
"""Categories with parts of a colour that is not their own, with those of `knowledge`."""
