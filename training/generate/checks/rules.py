# SPDX-License-Identifier: Apache-2.0
"""Rules that a draft of a question must keep (paper figure 4, and more), each with a code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from llmseg_core.config.limits import AtLeast, Between
from llmseg_core.config.settings import Settings
from llmseg_core.vlm.prompts import UnaskableError, check_instruction

from ..asking.draft import Draft, DraftKind
from ..asking.own_template import OWN_EXAMPLES, wholes
from ..asking.paper_template import TEMPLATE, read_pairs
from ..sources.source_image import SourceImage
from .locations import tells_location
from .words import names_thing, rouge_l, words

__all__ = ["RULES", "QuestionRules", "RuleBook", "kept_by_rules"]

_REGION = re.compile(
    r"\b(?:region|object|item|number|mask|outline|segment|option|no\.?) ?#?\d+\b|#\d|\bnumbered\b"
)
_ODD = re.compile(r"[\[\]{}<>|\\]|\w_\w|https?:|\*\*|\n|\?\s*\?|\ba:")
# What a question can be made of without saying anything: "Which object is used for this purpose?"
_EMPTY_WORDS = """
a an the this that these those it its of in on at to for from with by and or as be is are was were
am do does did can could would should will may might must i you we they he she me us them my your
our their what which who whom whose where when why how there here one ones thing things object
objects item items image picture photo scene find show see seen look looking point please something
someone anything some any all used use using purpose need want kind type visible present shown
depicted located based following main best most important answer question region regions segment
mask has have had likely often typically commonly people person help among not
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())
_EXAMPLES = tuple(words(question) for question, _ in read_pairs(TEMPLATE)) + tuple(
    words(question) for question in OWN_EXAMPLES
)
COPIED = 0.75
"""ROUGE-L with an example of a template from which a question is that one"""


@dataclass(frozen=True)
class QuestionRules(Settings):
    """What a question must keep to."""

    least_words: Annotated[int, AtLeast(1)] = 4
    most_words: Annotated[int, AtLeast(1)] = 40
    least_content: Annotated[int, AtLeast(0)] = 1
    """words that say something, beside "which object in the image is used" """
    most_a_target: Annotated[int, AtLeast(1)] = 2
    """questions of an image with the same answer"""
    most_alike: Annotated[float, Between(0, 1)] = 0.7
    """ROUGE-L of two questions of an image, from which the second goes"""


@dataclass(frozen=True)
class RuleBook:
    """What rules look at beside the draft.

    Attributes:
        rules: numbers.
        other_names: what else a category is called.
    """

    rules: QuestionRules
    other_names: Mapping[str, tuple[str, ...]]

    def names(self, draft: Draft, image: SourceImage) -> list[str]:
        """All names of what a draft means."""
        meant = [image.regions[each].category for each in _inside(draft, image)]
        named = list(dict.fromkeys(each for each in (*meant, draft.answer) if each))
        return [*named, *(other for each in named for other in self.other_names.get(each, ()))]


Rule = Callable[[Draft, SourceImage, RuleBook], bool]
"""whether a draft breaks it"""


def _answer_unknown(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    meant = len(_inside(draft, image))
    return not draft.nothing_fits and (not meant or meant < len(draft.regions))


def _nothing_answered(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    """It is to have no answer, and has one, or asks for what is there."""
    if not draft.nothing_fits:
        return False
    there = {name for each in image.categories for name in (each, *book.other_names.get(each, ()))}
    return bool(draft.regions) or names_thing(f"the {draft.answer}", there) is not None


def _length(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    return not book.rules.least_words <= len(draft.text.split()) <= book.rules.most_words


def _not_plain(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    """It has signs that nobody says, or cannot be asked."""
    if _ODD.search(draft.text.lower()) or not any(each.isalpha() for each in draft.text):
        return True
    try:
        check_instruction(draft.text)
    except UnaskableError:
        return True
    return False


def _repeats_itself(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    """As small models do."""
    said = words(draft.text)
    triples = Counter(zip(said, said[1:], said[2:], strict=False))
    return any(count > 1 for count in triples.values()) or len(set(said)) < 0.5 * len(said)


def _copies_example(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    said = words(draft.text)
    return any(rouge_l(said, example) >= COPIED for example in _EXAMPLES)


def _says_nothing(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    """It would fit any image."""
    return len(set(words(draft.text)) - _EMPTY) < book.rules.least_content


def _names_region(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    return bool(_REGION.search(draft.text.lower()))


def _names_answer(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    return names_thing(draft.text, book.names(draft, image)) is not None


def _tells_location(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    return tells_location(draft.text, draft.kind is DraftKind.RELATION)


def _one_target(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    return draft.kind is DraftKind.SEVERAL and len(_inside(draft, image)) < 2


def _no_part(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    if draft.kind is not DraftKind.PART:
        return False
    inside = wholes(image.regions)
    return any(inside[each] is None for each in _inside(draft, image))


def _leaves_out(draft: Draft, image: SourceImage, book: RuleBook) -> bool:
    """What things are for holds for all of a category, and it names only some of them."""
    if draft.kind not in (DraftKind.FUNCTION, DraftKind.SEVERAL, DraftKind.PAPER):
        return False
    meant = set(_inside(draft, image))
    named = {image.regions[each].category for each in meant} - {""}
    every = {place for place, region in enumerate(image.regions) if region.category in named}
    return bool(every - meant)


RULES: Mapping[str, Rule] = {
    "answer_unknown": _answer_unknown,
    "nothing_answered": _nothing_answered,
    "length": _length,
    "not_plain": _not_plain,
    "repeats_itself": _repeats_itself,
    "copies_example": _copies_example,
    "names_region": _names_region,
    "names_answer": _names_answer,
    "tells_location": _tells_location,
    "says_nothing": _says_nothing,
    "one_target": _one_target,
    "no_part": _no_part,
    "leaves_out": _leaves_out,
}
"""by the code that is counted, in the order in which they are tried"""


def kept_by_rules(
    drafts: list[Draft], image: SourceImage, book: RuleBook
) -> tuple[list[Draft], list[tuple[Draft, str]]]:
    """The drafts of one image that keep all rules, and the others with a code each.

    Two codes are about several drafts: "too_many" have the same answer, or one is "alike" to one
    before it.
    """
    kept: list[Draft] = []
    lost: list[tuple[Draft, str]] = []
    said: list[list[str]] = []
    targets: Counter[tuple[int, ...]] = Counter()
    for draft in drafts:
        code = next((name for name, rule in RULES.items() if rule(draft, image, book)), "")
        own = words(draft.text)
        target = tuple(sorted(draft.regions))
        if not code and any(rouge_l(own, other) >= book.rules.most_alike for other in said):
            code = "alike"
        if not code and targets[target] >= book.rules.most_a_target:
            code = "too_many"
        if code:
            lost.append((draft, code))
            continue
        targets[target] += 1
        said.append(own)
        kept.append(draft)
    return kept, lost


def _inside(draft: Draft, image: SourceImage) -> list[int]:
    """Those of the draft's regions that the image has."""
    return [each for each in draft.regions if 0 <= each < len(image.regions)]
