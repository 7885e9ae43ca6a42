# SPDX-License-Identifier: Apache-2.0
"""Finds places in a scene worth asking about: "the thing left of the mug", "the nearest fruit"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .catalogue import ALL_NOUNS
from .draft import Draft
from .nouns import THINGS, Noun
from .objects import SceneObject, with_category
from .realise import Realiser
from .relations import EXTREMES, RULES, extreme, neighbour, related
from .scene_view import SceneView

RELATIONS: Final = (*RULES, "next_to", *EXTREMES)

ATTEMPTS: Final = 6
"""Anchors or sorts tried for one relation."""


def draft_relation(
    view: SceneView, vocabulary: Sequence[str], say: Realiser, absent: bool
) -> Draft | None:
    """Ask for things by their place; None if this attempt found nothing clear."""
    relation = say.pick(RELATIONS)
    for _ in range(ATTEMPTS):  # relations that are seldom clear get their share, too
        if relation in EXTREMES:
            draft = _draft_extreme(relation, view, vocabulary, say, absent)
        elif absent and say.rng.random() < 0.6:
            draft = _draft_absent_anchor(relation, view, vocabulary, say)
        else:
            draft = _draft_beside(relation, view, say, absent)
        if draft is not None:
            return draft
    return None


def _draft_beside(relation: str, view: SceneView, say: Realiser, absent: bool) -> Draft | None:
    """Ask for what is left of, right of, behind, in front of or next to something."""
    named = _name_anchor(view, say)
    if named is None:
        return None
    anchor, colour, name = named
    if relation == "next_to":
        closest = None if absent else neighbour(anchor, view.objects)
        hits = None if closest is None else [closest]
        noun = say.pick(THINGS)
    else:
        noun, candidates = _candidates(view, say)
        hits = related(relation, anchor, candidates)
    if hits is None or absent != (not hits) or view.recognisable(hits) is None:
        return None
    text = say.relation(relation, noun, len(hits), name)
    categories = frozenset({anchor.category})
    return Draft(text, tuple(hits), relation, categories, colour, relation, anchor)


def _draft_extreme(
    relation: str, view: SceneView, vocabulary: Sequence[str], say: Realiser, absent: bool
) -> Draft | None:
    """Ask for the leftmost, rightmost, nearest or farthest thing of some sort."""
    sorts = _sorts(view, vocabulary, absent)
    if absent:
        if not sorts:
            return None
        noun, categories, _ = say.pick(sorts)
        return Draft(say.relation(relation, noun, 0), (), relation, categories, relation=relation)
    if sorts and say.rng.random() < 0.6:
        noun, categories, members = say.pick(sorts)
    else:
        noun, categories, members = say.pick(THINGS), frozenset[str](), view.objects
    target = extreme(relation, members)
    if target is None or view.recognisable([target]) is None:
        return None
    text = say.relation(relation, noun, 1)
    return Draft(text, (target,), relation, categories, relation=relation)


def _draft_absent_anchor(
    relation: str, view: SceneView, vocabulary: Sequence[str], say: Realiser
) -> Draft | None:
    """Ask for what is beside something that is not there."""
    missing = [category for category in vocabulary if category not in view.categories]
    if not missing:
        return None
    category = say.pick(missing)
    text = say.relation(relation, say.pick(THINGS), 0, say.anchor(category, None))
    return Draft(text, (), relation, frozenset({category}), relation=relation)


def _name_anchor(view: SceneView, say: Realiser) -> tuple[SceneObject, str | None, str] | None:
    """An object that can be named unambiguously, the colour needed for it, and its name."""
    if not view.clear:
        return None
    anchor = say.pick(view.clear)
    alike = [item for item in view.objects if item.category == anchor.category]
    alone = len(alike) == 1
    twins = sum(item.colour == anchor.colour for item in alike)
    if not alone and twins > 1:
        return None
    colour = anchor.colour if not alone or say.rng.random() < 0.25 else None
    if colour == anchor.category:  # "the orange orange"
        return (anchor, None, say.anchor(anchor.category, None)) if alone else None
    return anchor, colour, say.anchor(anchor.category, colour)


def _candidates(view: SceneView, say: Realiser) -> tuple[Noun, list[SceneObject]]:
    """What the relation may hold for: anything, or the members of a sort with several members."""
    sorts = _sorts(view, (), absent=False)
    if sorts and say.rng.random() < 0.4:
        noun, _, members = say.pick(sorts)
        return noun, members
    return say.pick(THINGS), view.objects


def _sorts(
    view: SceneView, vocabulary: Sequence[str], absent: bool
) -> list[tuple[Noun, frozenset[str], list[SceneObject]]]:
    """Categories and groups with two members or more in the scene; with `absent`, with none."""
    sorts = []
    for category in vocabulary if absent else sorted(view.categories):
        members = view.find(categories={category})
        if members is not None and (not members if absent else len(members) > 1):
            sorts.append((_plain(ALL_NOUNS[category]), frozenset({category}), members))
    properties = view.knowledge.properties
    for name, nouns in view.knowledge.group_nouns.items():
        members = view.answer(properties[name])
        if members is not None and (not members if absent else len(members) > 1):
            categories = properties[name].fits
            sorts.append((_plain(nouns), categories, with_category(members, categories)))
    return sorts


def _plain(nouns: Sequence[Noun]) -> Noun:
    """The first name that can be counted: "pair of scissors", not "scissors"."""
    return next(noun for noun in nouns if not (noun.plural_only or noun.mass))
