# SPDX-License-Identifier: Apache-2.0
"""Phrases for what the household's things are like: predicates as said of one thing."""

from __future__ import annotations

from typing import Final

from .wording import Wording

MORE_PROPERTY_PHRASES: Final[dict[str, Wording]] = {
    "soft": Wording(
        train="""
            is nice to touch
            is warm and soft
            is soft
            feels soft
            is made of cloth
            is made of fabric
            is fluffy
            can be squeezed like a pillow
        """,
        val="""
            is soft and warm
        """,
        test="""
            is nice and soft
            is made of soft cloth
        """,
    ),
    "see_through": Wording(
        train="""
            is of fine glass
            can be seen through
            stands on a thin stem
            is made of glass
            is made of thin glass
            has a long stem
        """,
        val="""
            is made of fine glass
        """,
        test="""
            is of thin glass
            has a thin stem
        """,
    ),
    "buttons": Wording(
        train="""
            is covered with keys
            has a lot of small keys
            has lots of small keys
            has many buttons
            has keys to press
            is full of buttons
            can be operated with ten fingers
        """,
        val="""
            has buttons all over
        """,
        test="""
            has a lot of keys
            is covered with buttons
        """,
    ),
    "lens": Wording(
        train="""
            needs a lens to focus
            has a button for its shutter
            has a lens in front
            has a lens
            has a big round lens
            has a shutter
            can zoom
        """,
        val="""
            has a glass lens in front
        """,
        test="""
            has a lens to focus with
            has a shutter button
        """,
    ),
    "wheels": Wording(
        train="""
            has little wheels at its sides
            has wheels that turn
            has wheels
            has four wheels
            rolls on wheels
            has tyres
        """,
        val="""
            has small wheels
        """,
        test="""
            has four little wheels
            rolls along on tyres
        """,
    ),
    "teeth": Wording(
        train="""
            has lots of thin teeth
            has teeth
            has many teeth
            has a row of teeth
            has a toothed edge
        """,
        val="""
            has small teeth
        """,
        test="""
            has lots of teeth
            has teeth along its edge
        """,
    ),
    "thread": Wording(
        train="""
            is a threaded rod with a shaft
            has a head that is hexagonal
            has a thread
            has a six-sided head
            fits into a nut
            can be turned with a wrench
        """,
        val="""
            has a hexagonal head
        """,
        test="""
            has a threaded shaft
            fits a nut
        """,
    ),
    "hole": Wording(
        train="""
            has a hole in its centre
            is round with a hole
            has a hole in the middle
            is shaped like a ring
            has a round hole
            is a ring with a hole
        """,
        val="""
            has a hole at its centre
        """,
        test="""
            has a round hole in the middle
            is ring-shaped with a hole
        """,
    ),
    "wear": Wording(
        train="""
            can be put on a head
            can be worn
            can be worn on the head
            belongs on a head
            is worn by people
        """,
        val="""
            can be put on one's head
        """,
        test="""
            is worn on the head
            can be worn by me
        """,
    ),
    "laundry": Wording(
        train="""
            is washed with other clothes
            may go into the washing machine
            belongs in the laundry
            goes into the washing machine
            hangs on a clothes line
            can be folded and rolled up
        """,
        val="""
            goes into the laundry
        """,
        test="""
            belongs in the washing machine
            is washed with the clothes
        """,
    ),
    "carrying_bow": Wording(
        train="""
            has a bow that goes over the top
            has a handle across it
            can be carried by a bow
            hangs from one's arm
            has a big handle over the top
        """,
        val="""
            has a handle across its top
        """,
        test="""
            can hang from my arm
            has a handle that goes over the top
        """,
    ),
    "studs": Wording(
        train="""
            has two rows of little studs
            snaps onto another one
            has little knobs in rows
            has studs on top
            has little knobs on top
            snaps together with others
            is a plastic brick
        """,
        val="""
            has knobs on its top
        """,
        test="""
            has rows of studs
            snaps onto others like it
        """,
    ),
    "dairy": Wording(
        train="""
            is made by farmers who keep cows
            was made from milk
            comes from a cow
            is a dairy product
            is made of milk
            belongs in the fridge next to the butter
        """,
        val="""
            is made from milk
        """,
        test="""
            is dairy
            comes from cows
        """,
    ),
    "baked": Wording(
        train="""
            is bought at the baker's
            is from a bakery
            comes from a bakery
            is baked
            was baked in an oven
            is made of dough
        """,
        val="""
            is sold at the baker's
        """,
        test="""
            is from the bakery
            was baked from dough
        """,
    ),
    "has_yolk": Wording(
        train="""
            has a thin shell
            has a white and a yolk
            has a shell
            has a yolk
            was laid by a hen
            comes from a chicken
        """,
        val="""
            has a thin white or brown shell
        """,
        test="""
            was laid by a chicken
            has a yolk inside
        """,
    ),
    "seeds": Wording(
        train="""
            grows in summer
            belongs in a bowl of salad
            belongs in a green salad
            goes into a salad
            grows in a greenhouse
        """,
        val="""
            goes into a mixed salad
        """,
        test="""
            belongs in a salad bowl
            grows in a greenhouse in summer
        """,
    ),
    "scented": Wording(
        train="""
            is slippery in the shower
            smells of flowers
            gets smaller in the shower
            is slippery when it is wet
            foams in water
        """,
        val="""
            is slippery in the bath
        """,
        test="""
            foams when it is wet
            gets slippery in the shower
        """,
    ),
    "kitchen_tool": Wording(
        train="""
            is one of a cook's tools
            hangs on a hook above the stove
            is used by cooks
            belongs to a cook
            is a kitchen tool
            hangs in a kitchen
        """,
        val="""
            is a tool for the kitchen
        """,
        test="""
            is a cook's tool
            hangs above the stove
        """,
    ),
    "grocery": Wording(
        train="""
            comes out of a supermarket bag
            was bought at the supermarket
            is from the grocery store
            is a grocery item
            stands on my shopping list
        """,
        val="""
            is on the shopping list
        """,
        test="""
            comes from the supermarket
            belongs on a shopping list
        """,
    ),
}
