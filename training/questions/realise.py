# SPDX-License-Identifier: Apache-2.0
"""Turns meanings into sentences of one split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from .catalogue import ALL_FUNCTION_PHRASES, ALL_NOUNS, ALL_PROPERTY_PHRASES
from .frames import Frames, Number, frames
from .noun_templates import (
    COLOUR_PHRASES,
    COLOUR_SENTENCES,
    MODIFIER_PHRASES,
    NAME_PHRASES,
    NAME_SENTENCES,
    PLACE_PHRASES,
    PLACE_SENTENCES,
    SPOTS,
    SUPERLATIVES,
)
from .nouns import COLOUR_NAMES, THINGS, Noun
from .templates import (
    DEFINITE_REQUESTS,
    INDEFINITE_REQUESTS,
    NOUN_PHRASES,
    REQUESTS,
    SENTENCES,
)
from .wording import (
    Split,
    goal,
    has_goal,
    is_instrument,
    is_need,
    modifier,
    need,
    plural_predicate,
    relative,
)

T = TypeVar("T")

_LAST = ("{x}", "{x}?", "{x}, please", "{x}, please?")
"""Ends of the frames in which nothing follows the noun phrase."""


@dataclass(frozen=True)
class NounPhrase:
    """A noun phrase ready to be asked for.

    Attributes:
        text: The phrase.
        plural: Whether it takes "are" and "them".
        long: Whether it ends in a clause, so that nothing may follow it: not "hand something I can
            cut paper with to me".
    """

    text: str
    plural: bool = False
    long: bool = False

    @property
    def definite(self) -> bool:
        """Whether one can ask "where is" it."""
        return self.text.startswith("the ")

    @property
    def indefinite(self) -> bool:
        """Whether one can ask "is there" it."""
        return self.text.startswith(("something", "anything", "some ", "a ", "an "))


class Realiser:
    """Writes instructions with the phrases and frames of one split.

    Every method takes the number of objects that fit (0: nothing does) and picks among the wordings
    that are natural for that number.
    """

    def __init__(self, rng: np.random.Generator, split: Split) -> None:
        self.rng = rng
        self.split = split

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[int(self.rng.integers(len(options)))]

    def function(self, name: str, count: int) -> str:
        """An instruction that asks for what serves a function."""
        phrase = self.pick(ALL_FUNCTION_PHRASES[name].phrases(self.split))
        number = self._number(count)
        if is_need(phrase):
            return self._finish(self._frame(SENTENCES["need"], number).format(need=need(phrase)))
        slots = ["relative"]
        if has_goal(phrase):
            slots.append("goal")
        if is_instrument(phrase):
            slots.append("instrument")
        slot = self.pick(slots)
        forms = {"relative": relative(phrase), "goal": goal(phrase)}
        if slot != "goal" and self.rng.random() < 0.55:
            text = self._frame(NOUN_PHRASES[slot], number).format(**forms)
            return self._request(NounPhrase(text, plural=text.startswith("all "), long=True))
        return self._finish(self._frame(SENTENCES[slot], number).format(**forms))

    def property(self, name: str, count: int) -> str:
        """An instruction that asks for what has a property."""
        predicate = self.pick(ALL_PROPERTY_PHRASES[name].phrases(self.split))
        number = self._number(count)
        forms = {
            "predicate": predicate,
            "plural": plural_predicate(predicate),
            "modifier": modifier(predicate),
        }
        if number != "many":
            del forms["plural"]
        slots = [slot for slot, form in forms.items() if form]
        slot = self.pick(slots)
        in_sentence = slot != "modifier" and bool(self._frames(SENTENCES[slot], number))
        if in_sentence and self.rng.random() < 0.45:
            return self._finish(self._frame(SENTENCES[slot], number).format(**forms))
        if slot == "modifier":
            text = MODIFIER_PHRASES[number].format(**forms)
        else:
            text = self._frame(NOUN_PHRASES[slot], number).format(**forms)
        return self._request(NounPhrase(text, plural=slot == "plural", long=True))

    def name(self, nouns: Sequence[Noun], count: int, colour: str | None = None) -> str:
        """An instruction that asks for things by name, with a colour if given: "the red mug"."""
        number = "many" if count > 1 or (count == 0 and self.rng.random() < 0.2) else "one"
        in_sentence = self.rng.random() < 0.2
        if number == "many" or in_sentence:
            nouns = _countable(nouns)
        noun = self.pick(nouns)
        adjective = self.pick(COLOUR_NAMES[colour]) if colour else ""
        forms = {
            "noun": f"{adjective} {noun.singular}".strip(),
            "nouns": f"{adjective} {noun.plural}".strip(),
            "a_noun": noun.indefinite(adjective),
        }
        if in_sentence:
            template = self._frame(NAME_SENTENCES, "many" if number == "many" else "one")
            return self._finish(template.format(**forms))
        phrases = NAME_PHRASES[number]
        if count == 2 and self.rng.random() < 0.5:
            phrases = NAME_PHRASES["two"]
        template = self.pick(phrases)
        plural = noun.plural_only or "{nouns}" in template
        return self._request(NounPhrase(template.format(**forms), plural))

    def colour(self, colour: str, count: int) -> str:
        """An instruction that asks for things by colour alone: "something blue"."""
        number = self._number(count)
        thing = self.pick(THINGS)
        forms = {
            "colour": self.pick(COLOUR_NAMES[colour]),
            "thing": thing.singular,
            "things": thing.plural,
        }
        if self.rng.random() < 0.35:
            return self._finish(self._frame(COLOUR_SENTENCES, number).format(**forms))
        template = self.pick(COLOUR_PHRASES[number])
        return self._request(NounPhrase(template.format(**forms), plural="{things}" in template))

    def relation(self, relation: str, noun: Noun, count: int, anchor: str = "") -> str:
        """An instruction that asks for things by their place, beside `anchor` if there is one.

        `noun` names what is asked for; one of `THINGS` stands for anything.
        """
        number = self._number(count) if noun in THINGS else ("many" if count > 1 else "one")
        superlatives = SUPERLATIVES.get(relation, ())
        if superlatives and self.rng.random() < 0.5:
            return self._request(NounPhrase(f"the {self.pick(superlatives)} {noun.singular}"))
        spot = self.pick(frames(SPOTS[relation][self.split])).format(anchor=anchor)
        if number == "any" and self.rng.random() < 0.3:
            number = "many" if count > 1 else "one"
        forms = {"noun": noun.singular, "nouns": noun.plural, "spot": spot}
        if self.rng.random() < 0.4:
            return self._finish(self._frame(PLACE_SENTENCES, number).format(**forms))
        options = PLACE_PHRASES[number]
        if noun not in THINGS:
            options = tuple(option for option in options if "{noun" in option)
        template = self.pick(options)
        return self._request(NounPhrase(template.format(**forms), "{nouns}" in template, long=True))

    def anchor(self, category: str, colour: str | None) -> str:
        """How an anchor is named: "the red mug"."""
        noun = self.pick(ALL_NOUNS[category])
        adjective = self.pick(COLOUR_NAMES[colour]) if colour else ""
        return " ".join(f"the {adjective} {noun.singular}".split())

    def _number(self, count: int) -> Number:
        one, many = {0: (0.55, 0.15), 1: (0.55, 0.1)}.get(count, (0.0, 0.55))
        draw = self.rng.random()
        if draw < one:
            return "one"
        return "many" if draw < one + many else "any"

    def _frames(self, slot: Frames, number: Number) -> tuple[str, ...]:
        return frames(slot[number][self.split])

    def _frame(self, slot: Frames, number: Number) -> str:
        return self.pick(self._frames(slot, number))

    def _request(self, phrase: NounPhrase) -> str:
        """Ask for a noun phrase: "hand me ..."."""
        options = list(frames(REQUESTS[self.split]))
        if phrase.text.startswith(
            "what"
        ):  # "show me what I can eat", yet not just "what I can eat"
            options = [option for option in options if not option.startswith("{x}")]
        if phrase.definite:
            options += frames(DEFINITE_REQUESTS[self.split])
        if phrase.text.startswith("anything"):
            options = []
        if phrase.indefinite:
            options += frames(INDEFINITE_REQUESTS[self.split])
        if phrase.long:
            options = [option for option in options if option.endswith(_LAST)]
        forms = {
            "x": phrase.text,
            "is": "are" if phrase.plural else "is",
            "it": "them" if phrase.plural else "it",
        }
        return self._finish(self.pick(options).format(**forms))

    def _finish(self, text: str) -> str:
        """Write as people do: often a capital and a full stop, often neither."""
        if self.rng.random() < 0.5:
            text = _capitalised(text)
            if text[-1] not in "?.!":
                text += "."
        elif self.rng.random() < 0.3:
            text = text.rstrip("?.!")
        return text


def _countable(nouns: Sequence[Noun]) -> tuple[Noun, ...]:
    """The names that can stand after "every" and "one": "pair of scissors", not "scissors"."""
    return tuple(noun for noun in nouns if not (noun.plural_only or noun.mass))


def _capitalised(text: str) -> str:
    """Each sentence of `text` with a capital."""
    return ". ".join(sentence[:1].upper() + sentence[1:] for sentence in text.split(". "))
