# SPDX-License-Identifier: Apache-2.0
"""Finds something to ask about a scene, one function for each kind of question.

Every function returns a `Draft`, or None if this attempt found nothing fair to ask; the caller
tries again. `absent` asks for a question that nothing in the scene answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .catalogue import ALL_NOUNS
from .knowledge import COLOURS, Concept
from .objects import SceneObject
from .realise import Realiser
from .scene_view import SceneView


@dataclass(frozen=True)
class Draft:
    """A question without its bookkeeping; the fields are those of `QuestionSample`."""

    instruction: str
    targets: tuple[SceneObject, ...]
    concept: str
    categories: frozenset[str] = frozenset()
    colour: str | None = None
    relation: str | None = None
    anchor: SceneObject | None = None


def draft_function(
    view: SceneView, vocabulary: Sequence[str], say: Realiser, absent: bool
) -> Draft | None:
    """Ask for things by what they are for: "something to cut paper with"."""
    found = _choose_concept(view.knowledge.functions, view, vocabulary, say, absent)
    if found is None:
        return None
    concept, targets = found
    text = say.function(concept.name, len(targets))
    return Draft(text, tuple(targets), concept.name, concept.fits)


def draft_property(
    view: SceneView, vocabulary: Sequence[str], say: Realiser, absent: bool
) -> Draft | None:
    """Ask for things by a property or a group: "something sharp", "all the tools"."""
    found = _choose_concept(view.knowledge.properties, view, vocabulary, say, absent)
    if found is None:
        return None
    concept, targets = found
    nouns = view.knowledge.group_nouns.get(concept.name)
    if nouns and say.rng.random() < 0.4:
        text = say.name(nouns, len(targets))
    else:
        text = say.property(concept.name, len(targets))
    return Draft(text, tuple(targets), concept.name, concept.fits)


def draft_category(
    view: SceneView, vocabulary: Sequence[str], say: Realiser, absent: bool
) -> Draft | None:
    """Ask for things by name: "the scissors", "both mugs"."""
    category = _choose_category(view, vocabulary, say, absent)
    if category is None:
        return None
    targets = view.find(categories={category})
    if targets is None or absent != (not targets):
        return None
    text = say.name(ALL_NOUNS[category], len(targets))
    return Draft(text, tuple(targets), category, frozenset({category}))


def draft_colour(
    view: SceneView, vocabulary: Sequence[str], say: Realiser, absent: bool
) -> Draft | None:
    """Ask for things by colour, alone or with their name: "something blue", "the red mug"."""
    if absent:
        return _draft_absent_colour(view, vocabulary, say)
    seed = say.pick(view.clear)
    same_category = [item for item in view.objects if item.category == seed.category]
    with_name = say.rng.random() < (0.8 if len(same_category) > 1 else 0.35)
    categories = frozenset({seed.category}) if with_name else frozenset[str]()
    return _describe_colour(view, say, seed.colour, categories)


def _draft_absent_colour(view: SceneView, vocabulary: Sequence[str], say: Realiser) -> Draft | None:
    """Ask for a colour that is not there, or for a known thing in another colour."""
    colour = say.pick(COLOURS)
    categories = frozenset[str]()
    if say.rng.random() < 0.5:
        present = [item.category for item in view.clear]
        names = present if present and say.rng.random() < 0.6 else vocabulary
        categories = frozenset({say.pick(names)})
    draft = _describe_colour(view, say, colour, categories)
    return None if draft is None or draft.targets else draft


def _describe_colour(
    view: SceneView, say: Realiser, colour: str, categories: frozenset[str]
) -> Draft | None:
    if colour in categories:  # "the orange orange"
        return None
    if any(
        item.colour != colour and item.category in view.knowledge.partly_coloured.get(colour, ())
        for item in view.objects
        if not categories or item.category in categories
    ):
        return None
    targets = view.find(categories or None, colour)
    if targets is None:
        return None
    if categories:
        (category,) = categories
        text = say.name(ALL_NOUNS[category], len(targets), colour)
    else:
        text = say.colour(colour, len(targets))
    return Draft(text, tuple(targets), colour, categories, colour)


def _choose_category(
    view: SceneView, vocabulary: Sequence[str], say: Realiser, absent: bool
) -> str | None:
    """A category of the scene, or one that is not there: all equally likely."""
    if absent:
        options = [category for category in vocabulary if category not in view.categories]
    else:
        options = sorted({item.category for item in view.clear})
    return say.pick(options) if options else None


def _choose_concept(
    concepts: Mapping[str, Concept],
    view: SceneView,
    vocabulary: Sequence[str],
    say: Realiser,
    absent: bool,
) -> tuple[Concept, list[SceneObject]] | None:
    """A concept for which a random category is an answer, and its targets.

    Starting from the category keeps the categories balanced, however many concepts each has.
    """
    category = _choose_category(view, vocabulary, say, absent)
    if category is None:
        return None
    fair = []
    for concept in concepts.values():
        if category in concept.fits:
            targets = view.answer(concept)
            if targets is not None and absent == (not targets):
                fair.append((concept, targets))
    return say.pick(fair) if fair else None
