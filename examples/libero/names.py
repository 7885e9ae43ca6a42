# SPDX-License-Identifier: Apache-2.0
"""What people call the things of libero_90, and what they call several of one sort."""

from __future__ import annotations

__all__ = ["CONTAINERS", "SORTS", "SUPPORTS", "names_of", "sorts_of"]

NAMES: dict[str, tuple[str, ...]] = {
    "akita_black_bowl": ("black bowl",),
    "alphabet_soup": ("alphabet soup", "alphabet soup can"),
    "basket": ("basket",),
    "black_book": ("black book",),
    "butter": ("butter", "butter box"),
    "chefmate_8_frypan": ("frying pan", "pan"),
    "chocolate_pudding": ("chocolate pudding", "chocolate pudding box"),
    "cream_cheese": ("cream cheese", "cream cheese box"),
    "desk_caddy": ("caddy", "desk caddy"),
    "flat_stove": ("stove",),
    "ketchup": ("ketchup", "ketchup bottle"),
    "microwave": ("microwave",),
    "milk": ("milk", "milk carton"),
    "moka_pot": ("moka pot",),
    "new_salad_dressing": ("salad dressing", "salad dressing bottle"),
    "orange_juice": ("orange juice", "orange juice carton"),
    "plate": ("plate",),
    "porcelain_mug": ("white mug",),
    "red_coffee_mug": ("red mug", "red coffee mug"),
    "tomato_sauce": ("tomato sauce", "tomato sauce can"),
    "white_bowl": ("white bowl",),
    "white_cabinet": ("cabinet", "white cabinet"),
    "white_yellow_mug": ("yellow and white mug", "white and yellow mug"),
    "wine_bottle": ("wine bottle", "bottle of wine"),
    "wine_rack": ("wine rack",),
    "wooden_cabinet": ("cabinet", "wooden cabinet"),
    "wooden_tray": ("tray", "wooden tray"),
    "wooden_two_layer_shelf": ("cabinet shelf", "shelf", "wooden shelf"),
    "yellow_book": ("yellow book",),
}
"""by category, the usual name first"""

SORTS: dict[str, frozenset[str]] = {
    "book": frozenset({"black_book", "yellow_book"}),
    "bottle": frozenset({"ketchup", "new_salad_dressing", "wine_bottle"}),
    "bowl": frozenset({"akita_black_bowl", "white_bowl"}),
    "box": frozenset({"butter", "chocolate_pudding", "cream_cheese"}),
    "can": frozenset({"alphabet_soup", "tomato_sauce"}),
    "carton": frozenset({"milk", "orange_juice"}),
    "mug": frozenset({"porcelain_mug", "red_coffee_mug", "white_yellow_mug"}),
}
"""names that several categories share"""

CONTAINERS = frozenset({"basket", "desk_caddy", "wooden_tray"})
"""categories into which things are put"""
SUPPORTS = frozenset({"flat_stove", "plate", "white_cabinet", "wine_rack", "wooden_cabinet"})
"""categories onto which things are put"""


def names_of(category: str) -> tuple[str, ...]:
    """Names of a category, the usual one first; its own words where nobody wrote one."""
    return NAMES.get(category, (category.replace("_", " "),))


def sorts_of(category: str) -> list[str]:
    """Names that things of this category share with those of others."""
    return [sort for sort, members in SORTS.items() if category in members]
