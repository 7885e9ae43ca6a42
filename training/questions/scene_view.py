# SPDX-License-Identifier: Apache-2.0
"""A scene as the question generator looks at it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from .catalogue import TABLETOP, Knowledge
from .knowledge import COLOURS, Concept
from .objects import SceneObject

MIN_VISIBLE_PIXELS: Final = 40
"""Objects showing fewer pixels than this cannot be recognised; no question may depend on them."""


class SceneView:
    """The visible objects of a scene, and what may safely be asked of them.

    Args:
        objects: Objects of the scene; those without any visible pixel are left out.
        knowledge: Of the things that scenes can have.

    Raises:
        ValueError: An id occurs twice, or a category or colour is unknown.
    """

    def __init__(self, objects: Sequence[SceneObject], knowledge: Knowledge = TABLETOP) -> None:
        self.knowledge, known = knowledge, knowledge.categories
        ids = [item.id for item in objects]
        if len(set(ids)) != len(ids):
            raise ValueError(f"object ids must be unique, got {ids}")
        for item in objects:
            if item.category not in known:
                raise ValueError(f"unknown category {item.category!r}; known: {list(known)}")
            if item.colour not in COLOURS:
                raise ValueError(f"unknown colour {item.colour!r}; known: {list(COLOURS)}")
        self.objects = [item for item in objects if item.visible_pixels > 0]
        self.clear = [item for item in self.objects if item.visible_pixels >= MIN_VISIBLE_PIXELS]
        self.categories = {item.category for item in self.objects}

    def answer(self, concept: Concept) -> list[SceneObject] | None:
        """All objects that fit a concept; None if the question would be unfair in this scene."""
        if self.categories & concept.maybe:
            return None
        return self.find(categories=concept.fits)

    def find(
        self, categories: Collection[str] | None = None, colour: str | None = None
    ) -> list[SceneObject] | None:
        """All objects of these categories and this colour; None if one is hardly visible."""
        hits = [
            item
            for item in self.objects
            if (categories is None or item.category in categories)
            and (colour is None or item.colour == colour)
        ]
        return self.recognisable(hits)

    def recognisable(self, hits: Sequence[SceneObject]) -> list[SceneObject] | None:
        """`hits`, or None if one of them is hardly visible."""
        if any(item.visible_pixels < MIN_VISIBLE_PIXELS for item in hits):
            return None
        return list(hits)
