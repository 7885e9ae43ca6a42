# SPDX-License-Identifier: Apache-2.0
"""How the meaning of a concept is put into words, separately for each split.

A function phrase is a verb phrase in a small notation that yields all its grammatical forms:

* text in (round brackets) belongs only to the relative form: "cut this paper (with)" gives the goal
  "cut this paper" and the relative "cut this paper with". Such a phrase names an instrument.
* text in [square brackets] belongs only to the goal: "eat [something]" gives the goal
  "eat something" and the relative "eat".
* a leading "~" marks a phrase that has only the relative form: "~never leave home without".
* a final full stop marks a statement that implies the need: "I am thirsty."
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

Split = Literal["train", "val", "test"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)

_ROUND = re.compile(r"\(([^)]*)\)")
_SQUARE = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True)
class Wording:
    """The phrases of one concept, one per line, for each split."""

    train: str
    val: str
    test: str

    def phrases(self, split: Split) -> tuple[str, ...]:
        """The phrases of a split, in order."""
        block: str = getattr(self, split)
        return tuple(line.strip() for line in block.splitlines() if line.strip())


def check_split(split: str) -> Split:
    """Return `split`, or raise ValueError if there is no such split."""
    for known in SPLITS:
        if split == known:
            return known
    raise ValueError(f"unknown split {split!r}; it must be one of {', '.join(SPLITS)}")


def is_need(phrase: str) -> bool:
    """Whether a function phrase is a statement ("I am thirsty.")."""
    return phrase.endswith(".")


def is_instrument(phrase: str) -> bool:
    """Whether a function phrase names what the object is used for ("cut this paper (with)")."""
    return "(" in phrase


def has_goal(phrase: str) -> bool:
    """Whether a function phrase can follow "I want to"."""
    return not (is_need(phrase) or phrase.startswith("~"))


def goal(phrase: str) -> str:
    """The verb phrase after "I want to"."""
    return _tidy(_SQUARE.sub(r"\1", _ROUND.sub("", phrase)))


def relative(phrase: str) -> str:
    """The verb phrase after "something I can"."""
    return _tidy(_SQUARE.sub("", _ROUND.sub(r"\1", phrase.removeprefix("~"))))


def need(phrase: str) -> str:
    """A statement without its full stop."""
    return phrase.removesuffix(".")


_PLURAL_VERBS: Final = {"is": "are", "was": "were", "has": "have", "goes": "go"}
_MODALS: Final = frozenset({"can", "could", "would", "must", "should"})
_NOMINALS: Final = frozenset({"a", "an", "one", "something"})
_BARE_NOUNS: Final = frozenset({"food", "cutlery", "silverware", "tableware", "stationery", "part"})


def plural_predicate(predicate: str) -> str | None:
    """What several things do: "is round" gives "are round"; None for "is a tool"."""
    verb, _, rest = predicate.partition(" ")
    if verb in _MODALS:
        return predicate
    if verb == "is" and rest.split()[0] in _NOMINALS:
        return None
    return f"{_PLURAL_VERBS.get(verb, verb.removesuffix('s'))} {rest}".strip()


def modifier(predicate: str) -> str | None:
    """What follows "something": "made of metal", "with a blade"; None for "breaks easily"."""
    verb, _, rest = predicate.partition(" ")
    if verb == "has":
        return f"with {rest}"
    if verb != "is" or rest.split()[0] in _NOMINALS | _BARE_NOUNS:
        return None
    return rest


def _tidy(text: str) -> str:
    return " ".join(text.split())
