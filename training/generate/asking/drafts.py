# SPDX-License-Identifier: Apache-2.0
"""Images to drafts of questions: described first, then asked about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import tee
from typing import Annotated, Any

import numpy as np

from llmseg_core.config.limits import Between, OneOf
from llmseg_core.config.settings import Settings

from ..chat.asker import Asked, Asker
from ..chat.request import ChatRequest
from ..sources.source_image import SourceImage
from .draft import Draft, DraftKind, Provenance
from .own_template import DESCRIBE_REGIONS, Item, own_prompt, own_schema, read_own
from .paper_template import DESCRIBE, filled, read_pairs
from .region_picture import numbered_picture, shrunk

__all__ = ["AskRules", "describe", "drafts_of"]


@dataclass(frozen=True)
class AskRules(Settings):
    """How images are described and asked about."""

    describe: Annotated[str, OneOf("paper", "regions", "none")] = "paper"
    """"paper": a summary, by the paper's prompt; "regions": each numbered region; "none" """
    template: Annotated[str, OneOf("paper", "own")] = "paper"
    """"paper": figure 4's; "own": answers are numbers of regions"""
    sees: bool = False
    """whether the model that writes the questions is shown the numbered picture; with "own" only"""
    questions: Annotated[int, Between(1, 20)] = 5
    """an image; the paper's template always asks for 5"""
    nothing_share: Annotated[float, Between(0, 1)] = 0.125
    """share of the questions that nothing is to fit, with "own" only"""


def describe(
    images: Sequence[SourceImage], rules: AskRules, asker: Asker
) -> Iterator[Asked[str] | None]:
    """What a model that sees says of each image; None if nobody is to be asked."""
    if rules.describe == "none":
        yield from (None for _ in images)
        return
    yield from asker.ask_all((_description(each, rules, asker) for each in images), str.strip)


def drafts_of(
    images: Sequence[SourceImage],
    described: Iterable[Asked[str] | None],
    rules: AskRules,
    asker: Asker,
    seed: int,
) -> Iterator[tuple[SourceImage, list[Draft]]]:
    """Questions about images, in their order; no draft if the replies could not be read.

    An image whose description could not be had is asked about without one.

    Args:
        images: with masks of all regions.
        described: one description for each of them.
        rules: how to ask.
        asker: of the model that writes the questions.
        seed: of all that is drawn.
    """
    first, second = tee(described)
    requests = (
        _question_request(image, said, rules, asker, seed)
        for image, said in zip(images, first, strict=True)
    )
    read: Any = read_pairs if rules.template == "paper" else read_own
    answers = asker.ask_all(requests, read)
    for image, said, asked in zip(images, second, answers, strict=True):
        origin = Provenance(
            request=asked.request.digest(),
            place=0,
            model=asked.request.model,
            template=rules.template,
            describer="" if said is None else said.request.model,
            description="" if said is None else said.request.digest(),
        )
        found = asked.value or []
        made = _paper_draft if rules.template == "paper" else _own_draft
        yield image, [made(image, each, place, origin) for place, each in enumerate(found)]


def image_seed(seed: int, name: str) -> int:
    """A seed of an image's own."""
    return int(np.random.default_rng([seed, *name.encode()]).integers(2**31))


def _description(image: SourceImage, rules: AskRules, asker: Asker) -> ChatRequest:
    longest = asker.config.longest_side
    if rules.describe == "paper":
        return asker.request(DESCRIBE, images=(shrunk(image.image(), longest),))
    return asker.request(DESCRIBE_REGIONS, images=(_numbered(image, longest),))


def _numbered(image: SourceImage, longest: int) -> np.ndarray:
    numbers = range(1, len(image.regions) + 1)
    return numbered_picture(image.image(), image.regions, numbers, longest)


def _question_request(
    image: SourceImage, said: Asked[str] | None, rules: AskRules, asker: Asker, seed: int
) -> ChatRequest:
    summary = "" if said is None else (said.value or "")
    own_seed = image_seed(seed, image.name)
    if rules.template == "paper":
        return asker.request(filled(summary, image.categories), seed=own_seed)
    expected = rules.nothing_share * rules.questions
    nothing = bool(np.random.default_rng(own_seed).random() < expected)
    text = own_prompt(image, summary, rules.questions, nothing, rules.sees, own_seed)
    pictures = (_numbered(image, asker.config.longest_side),) if rules.sees else ()
    schema = own_schema(len(image.regions), rules.questions)
    return asker.request(text, images=pictures, schema=schema, seed=own_seed)


def _paper_draft(
    image: SourceImage, pair: tuple[str, str], place: int, origin: Provenance
) -> Draft:
    question, answer = pair
    meant = tuple(
        index for index, region in enumerate(image.regions) if region.category.lower() == answer
    )
    return Draft(image.name, question, DraftKind.PAPER, answer, meant, _at(origin, place))


def _own_draft(image: SourceImage, item: Item, place: int, origin: Provenance) -> Draft:
    """A question by numbers; its answer is the regions' category where they have one."""
    meant = tuple(number - 1 for number in item.numbers)
    inside = [image.regions[each] for each in meant if 0 <= each < len(image.regions)]
    named = dict.fromkeys(each.category for each in inside if each.category)
    answer = ", ".join(named) or item.answer.lower()
    return Draft(image.name, item.question, item.kind, answer, meant, _at(origin, place))


def _at(origin: Provenance, place: int) -> Provenance:
    return Provenance(
        origin.request, place, origin.model, origin.template, origin.describer, origin.description
    )
