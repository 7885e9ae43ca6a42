# SPDX-License-Identifier: Apache-2.0
"""Words of English questions: their forms, names among them, how alike two texts are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

__all__ = ["forms", "names_thing", "rouge_l", "words"]

_WORD = re.compile(r"[^\W_]+")
_IRREGULAR = {
    "knives": "knife", "wives": "wife", "lives": "life", "leaves": "leaf", "loaves": "loaf",
    "shelves": "shelf", "halves": "half", "scarves": "scarf", "wolves": "wolf", "calves": "calf",
    "men": "man", "women": "woman", "children": "child", "people": "person", "persons": "person",
    "mice": "mouse", "geese": "goose", "feet": "foot", "teeth": "tooth", "dice": "die",
    "oxen": "ox", "cacti": "cactus", "fungi": "fungus", "sheep": "sheep", "fish": "fish",
    "buses": "bus", "gases": "gas", "lenses": "lens",
}  # fmt: skip
_SIBILANTS = ("ses", "xes", "zes", "ches", "shes", "oes")

# "can" is a noun after these, and before none of those.
_BEFORE_CAN_WORDS = (
    "a an the this that these those each every any some no another one two three four five six my "
    "your his her our their its empty full open closed tin metal aluminium aluminum steel soda "
    "drink beer cola food trash garbage watering spray paint red blue green yellow white black "
    "silver grey gray orange"
)
_BEFORE_CAN = frozenset(_BEFORE_CAN_WORDS.split())
_AFTER_MODAL_WORDS = (
    "be i you we they he she it one someone somebody people not also only still then actually "
    "easily have help hold keep make do get give take turn use"
)
_AFTER_MODAL = frozenset(_AFTER_MODAL_WORDS.split())


def words(text: str) -> list[str]:
    """The words of a text, in small letters and without accents."""
    plain = unicodedata.normalize("NFKD", text).replace("'s", " ").replace("\u2019s", " ")
    return _WORD.findall("".join(each for each in plain if not unicodedata.combining(each)).lower())


def forms(word: str) -> frozenset[str]:
    """A word, and what it may be the plural of."""
    found = {word}
    if word in _IRREGULAR:
        found.add(_IRREGULAR[word])
    elif word.endswith("ies") and len(word) > 4:
        found |= {f"{word[:-3]}y", word[:-1]}
    elif word.endswith(_SIBILANTS) and len(word) > 4:
        found |= {word[:-2], word[:-1]}
    elif word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        found.add(word[:-1])
    return frozenset(found)


def names_thing(text: str, names: Iterable[str]) -> str | None:
    """The first of some names that a text says, in singular or plural, in one word or two.

    "can" counts where it is a noun: "What can I drink from?" names nothing.
    """
    said = words(text)
    said_forms = [forms(word) for word in said]
    joined = {
        "".join(said[place : place + count]) for count in (2, 3) for place in range(len(said))
    }
    joined_forms = {form for word in joined for form in forms(word)}
    for name in names:
        wanted = words(name)
        if not wanted:
            continue
        wanted_forms = [forms(word) for word in wanted]
        for place in range(len(said) - len(wanted) + 1):
            window = said_forms[place : place + len(wanted)]
            if all(one & two for one, two in zip(window, wanted_forms, strict=True)) and not (
                wanted in (["can"], ["cans"]) and _is_modal(said, place)
            ):
                return name
        whole = "".join(wanted)
        if len(whole) > 5 and (
            forms(whole) & joined_forms or any(forms(whole) & each for each in said_forms)
        ):
            return name
    return None


def rouge_l(one: Sequence[str], two: Sequence[str]) -> float:
    """ROUGE-L: F1 of the longest common subsequence of two lists of words, [0, 1]."""
    if not one or not two:
        return 0.0
    row = [0] * (len(two) + 1)
    for word in one:
        before = 0
        for place, other in enumerate(two, 1):
            above = row[place]
            row[place] = before + 1 if word == other else max(above, row[place - 1])
            before = above
    return 2 * row[-1] / (len(one) + len(two))


def _is_modal(said: Sequence[str], place: int) -> bool:
    """Whether "can" at a place is a verb."""
    if said[place] != "can":
        return False
    after = said[place + 1] if place + 1 < len(said) else ""
    return place == 0 or said[place - 1] not in _BEFORE_CAN or after in _AFTER_MODAL
