# SPDX-License-Identifier: Apache-2.0
"""All the text that a tokenizer should know."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from .catalogue import (
    ALL_FUNCTION_PHRASES,
    ALL_NOUNS,
    ALL_PROPERTY_PHRASES,
    TABLETOP,
    Knowledge,
    knowledge_of,
)
from .generate import generate_samples
from .knowledge import CATEGORIES
from .made_up import made_up_objects
from .nouns import COLOUR_NAMES
from .wording import Split, check_split, goal, need, plural_predicate, relative

Words = TypeVar("Words")


def iter_instructions(
    split: str, count: int = 20_000, seed: int = 0, categories: Sequence[str] = CATEGORIES
) -> Iterator[str]:
    """Instructions of a split, then each of its phrases and names once, as plain text.

    Args:
        split: Whose wording.
        count: Least number of instructions, about made-up scenes.
        seed: The same seed gives the same text.
        categories: What scenes can have.
    """
    rng = np.random.default_rng(seed)
    written = 0
    while written < count:
        objects = made_up_objects(rng, int(rng.integers(3, 9)), categories)
        for sample in generate_samples(objects, rng, split, 8, vocabulary=categories):
            yield sample.instruction
            written += 1
    yield from iter_phrases(check_split(split), knowledge_of(categories))


def iter_phrases(split: Split, knowledge: Knowledge = TABLETOP) -> Iterator[str]:
    """Every phrase, category name, group name and colour of a split, in all its forms."""
    functions, properties = knowledge.functions, knowledge.properties
    for wording in _of(ALL_FUNCTION_PHRASES, functions):
        for phrase in wording.phrases(split):
            yield from dict.fromkeys((goal(need(phrase)).removeprefix("~"), relative(need(phrase))))
    for wording in _of(ALL_PROPERTY_PHRASES, properties):
        for predicate in wording.phrases(split):
            yield predicate
            plural = plural_predicate(predicate)
            if plural is not None and plural != predicate:
                yield plural
    names = _of(ALL_NOUNS, knowledge.categories)
    for nouns in (*names, *knowledge.group_nouns.values()):
        for noun in nouns:
            yield from dict.fromkeys((noun.singular, noun.plural))
    for colours in COLOUR_NAMES.values():
        yield from colours


def _of(words: Mapping[str, Words], wanted: Collection[str]) -> list[Words]:
    """The words for the wanted names, in their own order."""
    return [each for name, each in words.items() if name in wanted]
