# SPDX-License-Identifier: Apache-2.0
"""Checks that held-out wording is new in its combinations, but not in its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from llmseg_training.questions import noun_templates, templates
from llmseg_training.questions.corpus import iter_phrases
from llmseg_training.questions.frames import frames
from llmseg_training.questions.function_phrases import FUNCTION_PHRASES
from llmseg_training.questions.property_phrases import PROPERTY_PHRASES
from llmseg_training.questions.wording import Split, Wording

_PLACEHOLDER: Final = re.compile(r"\{\w+\}")
_WORD: Final = re.compile(r"[a-z']+")


def words(text: str) -> set[str]:
    """The words of a text in lower case, without placeholders."""
    return set(_WORD.findall(_PLACEHOLDER.sub(" ", text).lower()))


def iter_templates(split: Split) -> Iterator[str]:
    """Every sentence and noun-phrase frame that belongs to one split."""
    blocks = [templates.REQUESTS, templates.DEFINITE_REQUESTS, templates.INDEFINITE_REQUESTS]
    slots = [
        *templates.NOUN_PHRASES.values(),
        *templates.SENTENCES.values(),
        noun_templates.NAME_SENTENCES,
        noun_templates.COLOUR_SENTENCES,
        noun_templates.PLACE_SENTENCES,
    ]
    blocks += [by_split for slot in slots for by_split in slot.values()]
    blocks += noun_templates.SPOTS.values()
    for by_split in blocks:
        yield from frames(by_split[split])


def vocabulary(split: Split) -> set[str]:
    """Every word that the instructions of a split can contain."""
    found: set[str] = set()
    for text in (*iter_templates(split), *iter_phrases(split)):
        found |= words(text)
    return found


def unseen_words(split: Split) -> set[str]:
    """Words of a split that training never shows; should be empty."""
    return vocabulary(split) - vocabulary("train")


def stray_phrases(split: Split) -> list[str]:
    """Held-out phrases that share no telling word with the training phrases of their concept.

    A telling word occurs in the training phrases of at most a fifth of all concepts.
    """
    stray = []
    for table in (FUNCTION_PHRASES, PROPERTY_PHRASES):
        known = {name: _known_words(wording) for name, wording in table.items()}
        for name, wording in table.items():
            for phrase in wording.phrases(split):
                shared = words(phrase) & known[name]
                if not any(_spread(word, known) <= len(table) / 5 for word in shared):
                    stray.append(f"{name}: {phrase}")
    return stray


def _known_words(wording: Wording) -> set[str]:
    return set().union(*(words(phrase) for phrase in wording.phrases("train")))


def _spread(word: str, known: dict[str, set[str]]) -> int:
    return sum(word in present for present in known.values())
