# SPDX-License-Identifier: Apache-2.0
"""All the text that a tokenizer should know."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .function_phrases import FUNCTION_PHRASES
from .generate import generate_samples
from .made_up import made_up_objects
from .nouns import CATEGORY_NOUNS, COLOUR_NAMES, GROUP_NOUNS
from .property_phrases import PROPERTY_PHRASES
from .wording import Split, check_split, goal, need, plural_predicate, relative


def iter_instructions(split: str, count: int = 20_000, seed: int = 0) -> Iterator[str]:
    """Instructions of a split, then each of its phrases and names once, as plain text.

    Args:
        split: Whose wording.
        count: Least number of instructions, about made-up scenes.
        seed: The same seed gives the same text.
    """
    rng = np.random.default_rng(seed)
    written = 0
    while written < count:
        objects = made_up_objects(rng, int(rng.integers(3, 9)))
        for sample in generate_samples(objects, rng, split, 8):
            yield sample.instruction
            written += 1
    yield from iter_phrases(check_split(split))


def iter_phrases(split: Split) -> Iterator[str]:
    """Every phrase, category name, group name and colour of a split, in all its forms."""
    for wording in FUNCTION_PHRASES.values():
        for phrase in wording.phrases(split):
            yield from dict.fromkeys((goal(need(phrase)).removeprefix("~"), relative(need(phrase))))
    for wording in PROPERTY_PHRASES.values():
        for predicate in wording.phrases(split):
            yield predicate
            plural = plural_predicate(predicate)
            if plural is not None and plural != predicate:
                yield plural
    for nouns in (*CATEGORY_NOUNS.values(), *GROUP_NOUNS.values()):
        for noun in nouns:
            yield from dict.fromkeys((noun.singular, noun.plural))
    for names in COLOUR_NAMES.values():
        yield from names
