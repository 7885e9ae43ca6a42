# SPDX-License-Identifier: Apache-2.0
"""A question that a model wrote, before anybody checked it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Draft", "DraftKind", "Provenance"]


class DraftKind(str, Enum):
    """What one must understand to answer."""

    FUNCTION = "function"
    """what things are for"""
    PROPERTY = "property"
    """what things are like"""
    RELATION = "relation"
    """how things stand to each other"""
    SEVERAL = "several"
    """things that belong together"""
    PART = "part"
    """a part of a thing"""
    NOTHING = "nothing"
    """nothing in the image fits"""
    PAPER = "paper"
    """property or function, as the paper's template asks for"""


@dataclass(frozen=True)
class Provenance:
    """Where a question is from.

    Attributes:
        request: digest of the request whose reply it stands in.
        place: which one of the reply, from 0.
        model: who wrote it.
        template: "paper" or "own".
        describer: who described the image; "" if nobody did.
        description: digest of that request.
    """

    request: str
    place: int
    model: str
    template: str
    describer: str = ""
    description: str = ""


@dataclass(frozen=True)
class Draft:
    """A question and what answers it.

    Attributes:
        image: name of the image.
        text: the question.
        kind: what one must understand.
        answer: the category, or what the model calls the targets.
        regions: which regions of the image answer it, from 0; none if nothing fits, or if the
            answer is no region's category.
        origin: where it is from.
    """

    image: str
    text: str
    kind: DraftKind
    answer: str
    regions: tuple[int, ...]
    origin: Provenance

    @property
    def nothing_fits(self) -> bool:
        """Whether it asks for something that is not there."""
        return self.kind is DraftKind.NOTHING
