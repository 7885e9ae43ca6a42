# SPDX-License-Identifier: Apache-2.0
"""One instruction about one scene, with its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Kind = Literal["function", "property", "category", "colour", "relation"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True)
class QuestionSample:
    """An instruction and the objects that it means.

    Attributes:
        instruction: What the person says.
        kind: What one must understand to answer: the use of things, what they are like, their
            names, their colours, or where they are.
        target_ids: Ids of all objects that fit, in the order of the scene; empty if nothing fits.
        phrasing: "seen" if worded as in training, "unseen" if worded with held-out phrases.
        target_categories: Categories (sorted) that the text points to in any scene: everything
            edible for "something to eat". In a relation they are those of the anchor, or of the
            noun in "the leftmost fruit". Empty where any category will do.
        target_colour: Colour that the text names, in a relation that of the anchor; None if none.
        relation: "left_of", "right_of", "behind", "in_front_of", "next_to", "leftmost",
            "rightmost", "nearest", "farthest"; None for the other kinds.
        anchor_id: Object that the relation starts from; None without one in the scene.
        concept: Key of the meaning, such as "cut_paper", "metal", "mug", "red" or "left_of".
    """

    instruction: str
    kind: Kind
    target_ids: tuple[int, ...]
    phrasing: Literal["seen", "unseen"]
    target_categories: tuple[str, ...]
    target_colour: str | None
    relation: str | None
    anchor_id: int | None
    concept: str

    @property
    def has_several_targets(self) -> bool:
        """Whether more than one object fits."""
        return len(self.target_ids) > 1
