# SPDX-License-Identifier: Apache-2.0
"""Sentences about the things of a scene: names, places, tasks, and what is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .names import CONTAINERS, NAMES, SORTS, SUPPORTS, names_of, sorts_of
from .places import Placed, nearest, relations, which_of_alike

__all__ = ["Wording", "absent_wordings", "descriptions", "name_wordings", "task_wordings"]

NAME_FRAMES = (
    "{}",
    "the {}",
    "find the {}",
    "where is the {}?",
    "show me the {}",
    "pick up the {}",
)
PLACE_FRAMES = ("{}", "{}", "find {}", "where is {}?", "pick up {}", "give me {}")
IN_CONTAINER = (
    "pick up {} and put it in {}",
    "pick up {} and place it in {}",
    "put {} in {}",
    "put {} into {}",
)
ON_SUPPORT = (
    "put {} on {}",
    "pick up {} and place it on {}",
    "put {} on top of {}",
    "place {} on {}",
)
BESIDE = (
    "put {} to the left of {}",
    "put {} to the right of {}",
    "pick up {} and place it to the right of {}",
    "move {} to the front of {}",
    "push {} next to {}",
)
WITHOUT_PLACE = ("pick up {}", "lift {}", "take {}", "move {} away", "bring me {}")
PARTS = {
    "wooden_cabinet": ("open the {} drawer of {}", "close the {} drawer of {}"),
    "white_cabinet": ("open the {} drawer of {}", "close the {} drawer of {}"),
}
DRAWERS = ("top", "middle", "bottom")
SWITCHED = {
    "flat_stove": ("turn on {}", "turn off {}", "switch on {}"),
    "microwave": ("open {}", "close {}", "open the door of {}"),
}


@dataclass(frozen=True)
class Wording:
    """A text and what it means.

    Attributes:
        text: what is said.
        kind: "category", "phrase" or "instruction".
        targets: names of the things in the scene; () if nothing fits.
        group: for the scores: "name", "place", "task", "absent".
    """

    text: str
    kind: str
    targets: tuple[str, ...]
    group: str


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _by_name(things: Sequence[Placed]) -> dict[str, list[Placed]]:
    """The things that each name and each sort stands for."""
    called: dict[str, list[Placed]] = {}
    for thing in things:
        for name in (*names_of(thing.category), *sorts_of(thing.category)):
            called.setdefault(name, []).append(thing)
    return called


def name_wordings(things: Sequence[Placed], rng: np.random.Generator) -> list[Wording]:
    """Two wordings for each category, and one for each sort of which several are there."""
    wordings = []
    by_category: dict[str, list[Placed]] = {}
    for thing in things:
        by_category.setdefault(thing.category, []).append(thing)
    called = _by_name(things)
    for category in by_category:
        usual = names_of(category)[0]
        for name in (usual, _pick(rng, names_of(category))):
            targets = tuple(thing.name for thing in called[name])
            text = _pick(rng, NAME_FRAMES).format(name)
            kind = "category" if text == name else "phrase"
            wordings.append(Wording(text, kind, targets, "name"))
    for sort in SORTS:
        if len(called.get(sort, ())) == 1:
            (thing,) = called[sort]
            text = _pick(rng, NAME_FRAMES).format(sort)
            wordings.append(Wording(text, "phrase", (thing.name,), "name"))
    return wordings


def descriptions(thing: Placed, things: Sequence[Placed]) -> tuple[list[str], list[str]]:
    """All that singles a thing out, beginning with "the".

    Args:
        thing: one of `things`.
        things: of the scene.

    Returns:
        Names that it alone has; and names that it shares, with its place.
    """
    called = _by_name(things)
    alone, placed = [], []
    for name in (*names_of(thing.category), *sorts_of(thing.category)):
        alike = called[name]
        if len(alike) == 1:
            alone.append(f"the {name}")
        else:
            placed += _among_alike(name, thing, alike, called)
    return alone, placed


def _among_alike(
    name: str, thing: Placed, alike: Sequence[Placed], called: dict[str, list[Placed]]
) -> list[str]:
    words = []
    for word in which_of_alike(thing, alike):
        where = {"middle": "in the middle", "front": "at the front", "back": "at the back"}
        words += [f"the {word} {name}", f"the {name} {where.get(word, f'on the {word}')}"]
    marks = [each for each in _marks(called) if each not in alike]
    others = [_said(each, marks) for each in alike if each is not thing]
    for relation in sorted(_said(thing, marks)):
        if not any(relation in said for said in others):
            words.append(f"the {name} {relation}")
    for mark in marks:
        if nearest(alike, mark) is thing:
            words.append(f"the {name} nearest to the {names_of(mark.category)[0]}")
            words.append(f"the {name} closest to the {names_of(mark.category)[0]}")
    return words


def placed_phrases(thing: Placed, things: Sequence[Placed]) -> list[str]:
    """A thing by its name and what it stands beside, whether or not the name needs it."""
    called = _by_name(things)
    name = names_of(thing.category)[0]
    if len(called[name]) > 1:
        return []
    marks = [each for each in _marks(called) if each is not thing]
    return [f"the {name} {relation}" for relation in sorted(_said(thing, marks))]


def _marks(called: dict[str, list[Placed]]) -> list[Placed]:
    """Things whose usual name is theirs alone: places are told by them."""
    alone = {found[0].name: found[0] for name, found in called.items() if len(found) == 1}
    return [each for each in alone.values() if len(called[names_of(each.category)[0]]) == 1]


def _said(thing: Placed, marks: Sequence[Placed]) -> set[str]:
    """Relations in words: "left of the plate", "to the left of the plate"."""
    said = set()
    for word, others in relations(thing, marks):
        names = [f"the {names_of(each.category)[0]}" for each in others]
        for form in FORMS[word]:
            said.add(form.format(*names))
            if word == "between":
                said.add(form.format(*reversed(names)))
    return said


FORMS = {
    "left of": ("left of {}", "to the left of {}"),
    "right of": ("right of {}", "to the right of {}"),
    "in front of": ("in front of {}",),
    "behind": ("behind {}",),
    "next to": ("next to {}", "beside {}"),
    "on": ("on {}", "on top of {}"),
    "in": ("in {}",),
    "between": ("between {} and {}",),
}


def place_wordings(things: Sequence[Placed], rng: np.random.Generator, most: int) -> list[Wording]:
    """Phrases that say where something is: first those that need to."""
    needed: list[Wording] = []
    free: list[Wording] = []
    for thing in things:
        _, placed = descriptions(thing, things)
        for choices, found in ((placed, needed), (placed_phrases(thing, things), free)):
            if choices:
                count = min(len(choices), 4 if found is needed else 1)
                for text in rng.choice(choices, count, replace=False):
                    found.append(
                        Wording(
                            _pick(rng, PLACE_FRAMES).format(text), "phrase", (thing.name,), "place"
                        )
                    )
    few = max(2, most - len(needed))
    kept = [needed[each] for each in rng.permutation(len(needed))[:most]]
    return kept + [free[each] for each in rng.permutation(len(free))[:few]]


def task_wordings(things: Sequence[Placed], rng: np.random.Generator, most: int) -> list[Wording]:
    """Sentences that send a robot for something, which is what they mean, not where it goes."""
    wordings = []
    for thing in things:
        alone, placed = descriptions(thing, things)
        for choices, count in ((placed, 3), (alone, 2)):
            for _ in range(count if choices else 0):
                text = _task(thing, _pick(rng, choices), things, rng)
                if text:
                    wordings.append(Wording(text, "instruction", (thing.name,), "task"))
    return [wordings[each] for each in rng.permutation(len(wordings))[:most]]


def _task(
    thing: Placed, said: str, things: Sequence[Placed], rng: np.random.Generator
) -> str | None:
    if not thing.movable:
        if thing.category in PARTS:
            return _pick(rng, PARTS[thing.category]).format(_pick(rng, DRAWERS), said)
        frames = SWITCHED.get(thing.category)
        return _pick(rng, frames).format(said) if frames else None
    choices: list[tuple[Sequence[str], str]] = [(WITHOUT_PLACE, "")]
    for other in things:
        alone, placed = descriptions(other, things)
        said_of_other = [*alone, *placed[:2]]
        if other is thing or not said_of_other:
            continue
        goal = _pick(rng, said_of_other)
        if other.category in CONTAINERS:
            choices += [(IN_CONTAINER, goal)] * 2
        elif other.category in SUPPORTS:
            choices += [(ON_SUPPORT, goal)] * 2
        elif other.category in PARTS or other.category == "wooden_two_layer_shelf":
            choices.append((ON_SUPPORT, goal))
        else:
            choices.append((BESIDE, goal))
        if other.category in PARTS:
            choices.append((IN_CONTAINER, f"the {_pick(rng, DRAWERS)} drawer of {goal}"))
    chosen, goal = choices[int(rng.integers(len(choices)))]
    return _pick(rng, chosen).format(said, goal)


def absent_wordings(things: Sequence[Placed], rng: np.random.Generator, most: int) -> list[Wording]:
    """Names and tasks of things of libero_90 that are not here."""
    here = {name for each in things for name in names_of(each.category)}
    here |= {sort for each in things for sort in sorts_of(each.category)}
    away = [
        c
        for c in NAMES
        if not here.intersection(names_of(c)) and c not in {t.category for t in things}
    ]
    wordings = []
    for place in rng.permutation(len(away))[:most]:
        name = _pick(rng, names_of(away[place]))
        if rng.random() < 0.5:
            text = _pick(rng, NAME_FRAMES).format(name)
        else:
            goals = [each for each in things if each.category in CONTAINERS | SUPPORTS]
            goal = f"the {names_of(goals[0].category)[0]}" if goals else "the table"
            frames = IN_CONTAINER if goals and goals[0].category in CONTAINERS else ON_SUPPORT
            text = _pick(rng, frames).format(f"the {name}", goal)
        wordings.append(Wording(text, "phrase", (), "absent"))
    return wordings
