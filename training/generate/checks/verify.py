# SPDX-License-Identifier: Apache-2.0
"""A second model answers the questions: several votes, and a guess without the image.

Each vote sees the regions under other numbers, so that a model that likes small numbers does not
agree with itself. A question is kept if enough votes find what it is said to mean. Otherwise the
votes may agree on something else ("wrong_answer") or on nothing ("ambiguous").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

import numpy as np

from llmseg_core.config.limits import Between
from llmseg_core.config.settings import Settings
from llmseg_core.config.values import require

from ..asking.draft import Draft
from ..asking.drafts import image_seed
from ..asking.json_reply import read_object
from ..asking.region_picture import numbered_picture
from ..chat.asker import Asker
from ..chat.request import ChatRequest
from ..sources.source_image import SourceImage

__all__ = ["Difficulty", "Verdict", "VerifyRules", "judged", "judgement", "same_target"]

SAME_IOU = 0.8
"""IoU of what two answers cover, from which they mean the same"""
NONE_OF_THESE = "none of these"

_VOTE = """\
{seen}A person says: "{question}"

Which regions does the person mean? Regions:
{regions}

Reply with JSON alone: {{"regions": [NUMBERS OF ALL THAT ARE MEANT]}}; {{"regions": []}} if \
nothing fits.
"""
_BLIND = """\
A robot sees some things and cannot show them to you. A person says to it: "{question}"
The things are: {names}. Guess which of them is meant, or say "none of these".
Reply with JSON alone: {{"answer": "..."}}
"""


class Difficulty(str, Enum):
    """How hard a question is for the second model."""

    EASY = "easy"
    """it guesses the answer without the image, and all votes agree"""
    MEDIUM = "medium"
    HARD = "hard"
    """it does not, and not all votes agree"""
    UNKNOWN = "unknown"
    """nobody was asked"""


@dataclass(frozen=True)
class VerifyRules(Settings):
    """How questions are verified."""

    votes: Annotated[int, Between(1, 25)] = 5
    """answers to each question"""
    keep: Annotated[int, Between(1, 25)] = 4
    """fewest of them that must find what is meant"""
    sees: bool = True
    """whether the model is shown the image with its regions; else it knows their names alone"""
    temperature: Annotated[float, Between(0, 2)] = 0.7
    """of votes"""
    blind: bool = True
    """whether it also guesses from the list of names alone"""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.keep <= self.votes, "keep", self.keep, f"at most votes = {self.votes}")


@dataclass(frozen=True)
class Verdict:
    """What the second model says of a question.

    Attributes:
        draft: the question.
        agreed: for each vote whether it found what is meant; None if it could not be read. Empty
            if nobody was asked.
        blind: whether the guess without the image was right; None if nobody was asked.
        code: why the question is not kept; "" if it is.
    """

    draft: Draft
    agreed: tuple[bool | None, ...] = ()
    blind: bool | None = None
    code: str = ""

    @property
    def difficulty(self) -> Difficulty:
        """How hard it is."""
        if not self.agreed or self.blind is None:
            return Difficulty.UNKNOWN
        if self.blind and all(self.agreed):
            return Difficulty.EASY
        return Difficulty.MEDIUM if self.blind or all(self.agreed) else Difficulty.HARD


def judged(
    drafts: Iterable[tuple[SourceImage, Draft]], rules: VerifyRules, asker: Asker, seed: int
) -> Iterator[Verdict]:
    """A verdict on each draft, in order.

    Args:
        drafts: each with its image, which has masks of all regions.
        rules: how many votes.
        asker: of the second model.
        seed: of numbers and votes.
    """
    taken: list[tuple[SourceImage, Draft]] = []

    def requests() -> Iterator[ChatRequest]:
        for image, draft in drafts:
            taken.append((image, draft))
            yield from _votes(image, draft, rules, asker, seed)
            if rules.blind:
                yield _guess(image, draft, asker, seed)

    answers = asker.ask_all(requests(), read_object)
    while True:
        first = next(answers, None)
        if first is None:
            return
        voted = [first, *(next(answers) for _ in range(rules.votes - 1))]
        image, draft = taken.pop(0)
        votes = [
            _meant(asked.value, _order(image, draft, number, seed))
            for number, asked in enumerate(voted)
        ]
        blind = None
        if rules.blind:
            blind = _is_right(next(answers).value, image, draft)
        agreed, code = judgement(image, draft, votes, rules.keep)
        yield Verdict(draft, agreed, blind, code)


def judgement(
    image: SourceImage, draft: Draft, votes: Sequence[tuple[int, ...] | None], keep: int
) -> tuple[tuple[bool | None, ...], str]:
    """Which votes agree with a draft, and why it is not kept: "" if it is.

    Args:
        image: with masks.
        draft: the question.
        votes: regions that each found, from 0; None where a vote could not be read.
        keep: fewest that must agree.
    """
    agreed = tuple(
        None if vote is None else same_target(image, vote, draft.regions) for vote in votes
    )
    if agreed.count(True) >= keep:
        return agreed, ""
    if agreed.count(None) > len(votes) - keep:
        return agreed, "no_votes"
    others = [vote for vote, fits in zip(votes, agreed, strict=True) if fits is False]
    alike = max(
        (sum(same_target(image, one, two) for two in others if two is not None)
         for one in others if one is not None),
        default=0,
    )  # fmt: skip
    return agreed, "wrong_answer" if alike >= keep else "ambiguous"


def same_target(image: SourceImage, one: Sequence[int], two: Sequence[int]) -> bool:
    """Whether two answers mean the same: the same regions, or masks that hardly differ."""
    if set(one) == set(two):
        return True
    if not one or not two:
        return False
    first, second = _union(image, one), _union(image, two)
    return bool((first & second).sum() >= SAME_IOU * (first | second).sum())


def _union(image: SourceImage, regions: Sequence[int]) -> np.ndarray:
    mask = np.zeros(image.size, dtype=bool)
    for each in regions:
        found = image.regions[each].mask
        if found is not None:
            mask |= found
    return mask


def _order(image: SourceImage, draft: Draft, number: int, seed: int) -> list[int]:
    """Which region has which number in a vote: the first one number 1, and so on."""
    rng = np.random.default_rng([image_seed(seed, f"{image.name}\0{draft.text}"), number])
    return [int(each) for each in rng.permutation(len(image.regions))]


def _votes(
    image: SourceImage, draft: Draft, rules: VerifyRules, asker: Asker, seed: int
) -> Iterator[ChatRequest]:
    schema = {
        "type": "object",
        "properties": {
            "regions": {
                "type": "array",
                "items": {"type": "integer", "enum": list(range(1, len(image.regions) + 1))},
            }
        },
        "required": ["regions"],
        "additionalProperties": False,
    }
    pixels = image.image() if rules.sees else None
    for number in range(rules.votes):
        order = _order(image, draft, number, seed)
        shown = [image.regions[each] for each in order]
        numbers = range(1, len(shown) + 1)
        listed = "\n".join(
            f"{place}: {region.category or 'not named'}"
            for place, region in zip(numbers, shown, strict=True)
        )
        pictures: tuple[np.ndarray, ...] = ()
        seen = ""
        if pixels is not None:
            longest = asker.config.longest_side
            pictures = (numbered_picture(pixels, shown, numbers, longest),)
            seen = "The picture shows numbered outlines.\n"
        text = _VOTE.format(seen=seen, question=draft.text, regions=listed)
        yield asker.request(
            text, images=pictures, schema=schema, seed=number, temperature=rules.temperature
        )


def _guess(image: SourceImage, draft: Draft, asker: Asker, seed: int) -> ChatRequest:
    rng = np.random.default_rng(image_seed(seed, f"{draft.text}\0{image.name}"))
    names = [str(each) for each in rng.permutation(list(image.categories))]
    text = _BLIND.format(question=draft.text, names=", ".join(names) or "not named")
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": [*names, NONE_OF_THESE]}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    return asker.request(text, schema=schema)


def _meant(value: dict[str, Any] | None, order: list[int]) -> tuple[int, ...] | None:
    """The regions of a vote, from 0; None if it says none that there are."""
    numbers = None if value is None else value.get("regions")
    if not isinstance(numbers, list) or not all(type(each) is int for each in numbers):
        return None
    if not all(1 <= each <= len(order) for each in numbers):
        return None
    return tuple(sorted({order[each - 1] for each in numbers}))


def _is_right(value: dict[str, Any] | None, image: SourceImage, draft: Draft) -> bool:
    """Whether a blind guess names the one category that is meant, or none if nothing is."""
    said = str((value or {}).get("answer", "")).strip().lower()
    if draft.nothing_fits:
        return said == NONE_OF_THESE
    meant = {image.regions[each].category.lower() for each in draft.regions}
    return meant == {said}
