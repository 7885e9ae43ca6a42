# SPDX-License-Identifier: Apache-2.0
"""Sentence frames for names, colours and places; the placeholders are explained in `templates`.

`{noun}` and `{nouns}` are a name in singular and plural, `{a_noun}` the name with its indefinite
article, `{colour}` a colour, `{spot}` a place such as "left of the mug" or "closest to the
camera". A noun phrase has only a few natural forms, so these are shared between the splits: the
requests around them (`templates.REQUESTS`) and the questions below are what is held out.
"""

from __future__ import annotations

from typing import Final

from .frames import Frames, Number
from .wording import Split

# Noun phrases, by what the answer is: one thing, exactly two things, several things.
NAME_PHRASES: Final = {
    "one": ("the {noun}", "the {noun}", "the {noun}", "{a_noun}"),
    "two": ("both {nouns}", "the two {nouns}", "all the {nouns}", "the {nouns}"),
    "many": ("all the {nouns}", "every {noun}", "all {nouns}", "the {nouns}", "each {noun}"),
}
COLOUR_PHRASES: Final = {
    "one": (
        "the {colour} {thing}",
        "the {colour} one",
        "something {colour}",
        "the thing that is {colour}",
        "the {thing} of {colour} colour",
    ),
    "any": ("whatever is {colour}", "what is {colour}"),
    "many": (
        "everything {colour}",
        "all the {colour} {things}",
        "the {colour} {things}",
        "everything that is {colour}",
        "all {colour} {things}",
    ),
}
# {modifier} is "made of metal", "round" or "with a blade".
MODIFIER_PHRASES: Final[dict[Number, str]] = {
    "one": "something {modifier}",
    "any": "anything {modifier}",
    "many": "everything {modifier}",
}
# "{noun}" is "thing" or the like, a category or a group; "{spot}" places it.
PLACE_PHRASES: Final = {
    "one": (
        "the {noun} {spot}",
        "the {noun} that is {spot}",
        "the {noun} you see {spot}",
    ),
    "any": ("what is {spot}", "whatever is {spot}"),
    "many": (
        "everything {spot}",
        "all the {nouns} {spot}",
        "the {nouns} {spot}",
        "everything that is {spot}",
    ),
}

NAME_SENTENCES: Final[Frames] = {
    "one": {
        "train": """
            which one of these is {a_noun}?
            which thing is {a_noun}?
            which object here is {a_noun}?
            what here is {a_noun}?
            can you see {a_noun}?
        """,
        "val": """
            which object is {a_noun}?
        """,
        "test": """
            which of these things is {a_noun}?
            which thing on the table is {a_noun}?
        """,
    },
    "any": {"train": "", "val": "", "test": ""},
    "many": {
        "train": """
            which things are {nouns}?
            which of these objects are {nouns}?
            which objects on the table are {nouns}?
            where are all the {nouns}?
            where are the {nouns}?
            can you see any {nouns}?
            do you see the {nouns}?
        """,
        "val": """
            which of these things are {nouns}?
        """,
        "test": """
            where can I find all the {nouns}?
            which things on the table are {nouns}?
        """,
    },
}

COLOUR_SENTENCES: Final[Frames] = {
    "one": {
        "train": """
            which thing is {colour}?
            which object is {colour}?
            which one is {colour}?
            which of these things is {colour}?
            which thing has a {colour} colour?
        """,
        "val": """
            which object here is {colour}?
        """,
        "test": """
            which of these objects is {colour}?
            which one has a {colour} colour?
        """,
    },
    "any": {
        "train": """
            what is {colour}?
            what on the table is {colour}?
            what is {colour} here?
            is there anything {colour}?
            do you see anything {colour}?
            what do you see that is {colour}?
            tell me what is {colour}
            is there something here that is {colour}?
        """,
        "val": """
            what do you have that is {colour}?
        """,
        "test": """
            is there anything here that is {colour}?
            can you see anything {colour}?
            do you see something {colour}?
        """,
    },
    "many": {
        "train": """
            which things are {colour}?
            which objects are {colour}?
            which of these things are {colour}?
            where are the {colour} things?
        """,
        "val": """
            which objects here are {colour}?
        """,
        "test": """
            which things on the table are {colour}?
            where are all the {colour} objects?
        """,
    },
}

PLACE_SENTENCES: Final[Frames] = {
    "one": {
        "train": """
            which {noun} is {spot}?
            which {noun} do you see {spot}?
            which {noun} on the table is {spot}?
            can you tell me which {noun} is {spot}?
            I want the {noun} that you find {spot}
        """,
        "val": """
            tell me which {noun} is {spot}
        """,
        "test": """
            can you see which {noun} is {spot}?
            I need the {noun} that you see {spot}
        """,
    },
    "any": {
        "train": """
            what is {spot}?
            what do you see {spot}?
            what is there {spot}?
            tell me what is {spot}
            is there anything {spot}?
            can you see what is {spot}?
            what can you find {spot}?
            show me what you see {spot}
        """,
        "val": """
            can you tell me what is {spot}?
        """,
        "test": """
            what can you see {spot}?
            do you see what is {spot}?
            show me what is there {spot}
        """,
    },
    "many": {
        "train": """
            which {nouns} are {spot}?
            which {nouns} do you see {spot}?
            where are the {nouns} {spot}?
        """,
        "val": """
            tell me which {nouns} are {spot}
        """,
        "test": """
            can you see which {nouns} are {spot}?
        """,
    },
}

# How to say each relation to an anchor; `{anchor}` follows.
SPOTS: Final[dict[str, dict[Split, str]]] = {
    "left_of": {
        "train": """
            left of {anchor}
            to the left of {anchor}
            on the left side of {anchor}
            standing left of {anchor}
            lying left of {anchor}
            somewhere to the left of {anchor}
        """,
        "val": """
            lying to the left of {anchor}
        """,
        "test": """
            on the left of {anchor}
            standing to the left of {anchor}
            somewhere left of {anchor}
        """,
    },
    "right_of": {
        "train": """
            right of {anchor}
            to the right of {anchor}
            on the right side of {anchor}
            standing right of {anchor}
            lying right of {anchor}
            somewhere to the right of {anchor}
        """,
        "val": """
            lying to the right of {anchor}
        """,
        "test": """
            on the right of {anchor}
            standing to the right of {anchor}
            somewhere right of {anchor}
        """,
    },
    "behind": {
        "train": """
            behind {anchor}
            placed behind {anchor}
            lying behind {anchor}
            located behind {anchor}
            in the space behind {anchor}
        """,
        "val": """
            somewhere behind {anchor}
        """,
        "test": """
            standing behind {anchor}
            on the table behind {anchor}
        """,
    },
    "in_front_of": {
        "train": """
            in front of {anchor}
            placed in front of {anchor}
            standing in front of {anchor}
            located in front of {anchor}
            somewhere in front of {anchor}
            in the space in front of {anchor}
        """,
        "val": """
            on the table in front of {anchor}
        """,
        "test": """
            lying in front of {anchor}
            put in front of {anchor}
        """,
    },
    "next_to": {
        "train": """
            next to {anchor}
            right next to {anchor}
            beside {anchor}
            right beside {anchor}
            close to {anchor}
            lying next to {anchor}
        """,
        "val": """
            placed next to {anchor}
        """,
        "test": """
            lying beside {anchor}
            standing next to {anchor}
        """,
    },
    "leftmost": {
        "train": """
            on the far left
            farthest to the left
            furthest to the left
            farthest left
            on the very left of the table
        """,
        "val": """
            on the very left
        """,
        "test": """
            furthest left
            on the far left of the table
        """,
    },
    "rightmost": {
        "train": """
            on the far right
            farthest to the right
            furthest to the right
            farthest right
            on the very right of the table
        """,
        "val": """
            on the very right
        """,
        "test": """
            furthest right
            on the far right of the table
        """,
    },
    "nearest": {
        "train": """
            closest to the camera
            nearest to the camera
            closest to you
            nearest to you
            at the very front
            closest to the front of the table
        """,
        "val": """
            at the very front of the table
        """,
        "test": """
            closest to the front
            nearest to the front of the table
        """,
    },
    "farthest": {
        "train": """
            farthest from the camera
            farthest away from you
            furthest away
            furthest from the camera
            at the very back
            closest to the back of the table
        """,
        "val": """
            at the very back of the table
        """,
        "test": """
            furthest away from the camera
            farthest away
        """,
    },
}

# Superlatives that stand before the noun.
SUPERLATIVES: Final[dict[str, tuple[str, ...]]] = {
    "leftmost": ("leftmost",),
    "rightmost": ("rightmost",),
    "nearest": ("nearest", "closest"),
    "farthest": ("farthest", "furthest"),
}
