# SPDX-License-Identifier: Apache-2.0
"""What can be asked of which things: the packaged model's, or all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from .function_phrases import FUNCTION_PHRASES
from .knowledge import ALL_CATEGORIES, CATEGORIES, FUNCTIONS, PARTLY_COLOURED, PROPERTIES, Concept
from .more_function_phrases import MORE_FUNCTION_PHRASES
from .more_knowledge import MORE_FUNCTIONS, MORE_PARTLY_COLOURED, MORE_PROPERTIES
from .more_nouns import MORE_GROUP_NOUNS, MORE_NOUNS
from .more_property_phrases import MORE_PROPERTY_PHRASES
from .nouns import CATEGORY_NOUNS, GROUP_NOUNS, Noun
from .property_phrases import PROPERTY_PHRASES
from .wording import Wording

__all__ = [
    "ALL_FUNCTION_PHRASES",
    "ALL_NOUNS",
    "ALL_PROPERTY_PHRASES",
    "HOUSEHOLD",
    "TABLETOP",
    "Knowledge",
    "knowledge_of",
]

ALL_FUNCTION_PHRASES: Final[dict[str, Wording]] = {**FUNCTION_PHRASES, **MORE_FUNCTION_PHRASES}
ALL_PROPERTY_PHRASES: Final[dict[str, Wording]] = {**PROPERTY_PHRASES, **MORE_PROPERTY_PHRASES}
ALL_NOUNS: Final[dict[str, tuple[Noun, ...]]] = {**CATEGORY_NOUNS, **MORE_NOUNS}
"""Words for every concept and category, whichever catalogue they belong to."""


@dataclass(frozen=True)
class Knowledge:
    """What is known of the things of one catalogue.

    A larger one has its own tables, since a concept changes its answers with the things there are.

    Attributes:
        categories: all names.
        functions: what things are for, by name.
        properties: what they are like, and groups.
        partly_coloured: categories with parts of a colour that is not their own.
        group_nouns: of the properties that have a noun.
    """

    categories: tuple[str, ...]
    functions: Mapping[str, Concept]
    properties: Mapping[str, Concept]
    partly_coloured: Mapping[str, frozenset[str]]
    group_nouns: Mapping[str, tuple[Noun, ...]]


TABLETOP: Final = Knowledge(CATEGORIES, FUNCTIONS, PROPERTIES, PARTLY_COLOURED, GROUP_NOUNS)
HOUSEHOLD: Final = Knowledge(
    ALL_CATEGORIES,
    MORE_FUNCTIONS,
    MORE_PROPERTIES,
    MORE_PARTLY_COLOURED,
    {**GROUP_NOUNS, **MORE_GROUP_NOUNS},
)


def knowledge_of(categories: Collection[str]) -> Knowledge:
    """The smallest knowledge of all these things; a name that nobody knows is refused later."""
    return TABLETOP if set(categories) <= set(CATEGORIES) else HOUSEHOLD
