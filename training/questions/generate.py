# SPDX-License-Identifier: Apache-2.0
"""Instructions about a scene, with their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from .catalogue import knowledge_of
from .draft import Draft, draft_category, draft_colour, draft_function, draft_property
from .draft_relation import draft_relation
from .knowledge import CATEGORIES
from .objects import SceneObject
from .question import KINDS, Kind, QuestionSample
from .realise import Realiser
from .scene_view import SceneView
from .wording import Split, check_split

KIND_SHARES: Final[dict[Kind, float]] = {
    "function": 0.30,
    "property": 0.15,
    "category": 0.20,
    "colour": 0.15,
    "relation": 0.20,
}
ABSENT_SHARE: Final = 0.135
"""Share of the instructions that nothing in the scene answers, where nothing else is said."""
ATTEMPTS: Final = 15
"""Attempts at one kind before it is given up for this sample."""

_DRAFTS: Final[dict[Kind, Callable[[SceneView, Sequence[str], Realiser, bool], Draft | None]]] = {
    "function": draft_function,
    "property": draft_property,
    "category": draft_category,
    "colour": draft_colour,
    "relation": draft_relation,
}


def generate_samples(
    objects: Sequence[SceneObject],
    rng: np.random.Generator,
    split: str,
    max_samples: int,
    phrasings: str | None = None,
    vocabulary: Sequence[str] = CATEGORIES,
    shares: Mapping[Kind, float] = KIND_SHARES,
    absent_share: float = ABSENT_SHARE,
) -> list[QuestionSample]:
    """Ask about a scene.

    Args:
        objects: Objects of the scene.
        rng: Random generator; the same state gives the same samples.
        split: Split of the scene.
        max_samples: Largest number of samples; a scene with little to ask gives fewer. No meaning
            is asked twice with the same answer.
        phrasings: Split of the wording, the scene's own if None: "train" asks a test scene in words
            known from training.
        vocabulary: Categories that scenes can have; only these are asked for when nothing fits.
            What is known of them follows, see `knowledge_of`.
        shares: Of the kinds, together 1.
        absent_share: Of the instructions that nothing in the scene answers, [0, 1].

    Raises:
        ValueError: An unknown split, category or colour, a repeated id, or max_samples below 0.
    """
    if max_samples < 0:
        raise ValueError(f"max_samples must be at least 0, got {max_samples}")
    check_split(split)
    words = check_split(phrasings or split)
    cumulative = np.cumsum([shares[kind] for kind in KINDS])[:-1]
    view = SceneView(objects, knowledge_of(vocabulary))
    say = Realiser(rng, words)
    samples: list[QuestionSample] = []
    asked: set[tuple[object, ...]] = set()
    for _ in range(max_samples):
        drafted = _draft_new(view, vocabulary, say, asked, cumulative, absent_share)
        if drafted is not None:
            samples.append(_sample(*drafted, words))
    return samples


def shares_with_relations(share: float) -> dict[Kind, float]:
    """`KIND_SHARES` with another share of relations, in [0, 1]; the others keep their ratios."""
    rest = (1 - share) / (1 - KIND_SHARES["relation"])
    return {
        kind: share if kind == "relation" else rest * usual for kind, usual in KIND_SHARES.items()
    }


def _draft_new(
    view: SceneView,
    vocabulary: Sequence[str],
    say: Realiser,
    asked: set[tuple[object, ...]],
    cumulative: np.ndarray,
    absent_share: float,
) -> tuple[Kind, Draft] | None:
    """A draft that is new: of a random kind, or of another kind if that one has none."""
    absent = bool(say.rng.random() < absent_share)
    if not absent and not view.clear:
        return None
    first = KINDS[int(np.searchsorted(cumulative, say.rng.random(), side="right"))]
    others = [kind for kind in KINDS if kind != first]
    for kind in (first, *(others[index] for index in say.rng.permutation(len(others)))):
        for _ in range(ATTEMPTS):
            draft = _DRAFTS[kind](view, vocabulary, say, absent)
            if draft is None:
                continue
            targets = tuple(item.id for item in draft.targets)
            meaning = (kind, draft.concept, draft.categories, draft.colour, targets)
            if meaning not in asked:
                asked.add(meaning)
                return kind, draft
    return None


def _sample(kind: Kind, draft: Draft, words: Split) -> QuestionSample:
    return QuestionSample(
        instruction=draft.instruction,
        kind=kind,
        target_ids=tuple(item.id for item in draft.targets),
        phrasing="seen" if words == "train" else "unseen",
        target_categories=tuple(sorted(draft.categories)),
        target_colour=draft.colour,
        relation=draft.relation,
        anchor_id=None if draft.anchor is None else draft.anchor.id,
        concept=draft.concept,
    )
