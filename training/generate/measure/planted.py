# SPDX-License-Identifier: Apache-2.0
"""Good questions about rendered scenes, and the same with one error of a known kind planted.

Words are of two sets that share nothing: "val" to work on the filters with, "test" to report on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...questions import CATEGORIES, generate_samples
from ...questions.nouns import CATEGORY_NOUNS
from ...scenes import SceneFolder
from ..asking.draft import Draft, DraftKind, Provenance
from ..asking.paper_template import TEMPLATE, read_pairs
from ..sources.source_image import SourceImage

__all__ = ["PLANTS", "Scene", "good_drafts"]

LEAST_WORDS = 5
"""of a good question: a sentence, not "something red" """
_FROM = Provenance("planted", 0, "nobody", "own")
_KINDS = {
    "function": DraftKind.FUNCTION,
    "property": DraftKind.PROPERTY,
    "colour": DraftKind.PROPERTY,
    "relation": DraftKind.RELATION,
}

LOCATIONS: Mapping[str, tuple[str, ...]] = {
    "val": (
        "It is on the {side} side of the image.",
        "I mean the one in the {end} {side} corner.",
        "Look at the {end} of the picture.",
        "It lies in the middle of the table, near the centre of the image.",
        "It is the one closest to the camera.",
        "You find it in the background.",
        "It is at the far {side}.",
    ),
    "test": (
        "It is to the {side} in the photo.",
        "The one I mean is in the {side} half.",
        "I think it is in the {end} part of the image.",
        "It should be near the {side} edge.",
        "It is in the foreground.",
        "You can see it at the very {end}.",
        "The thing in the {end}-{side} area of the scene, please.",
        "I want the {side}most one.",
        "It is the one that lies farthest away from the camera.",
        "It is somewhere around the center of the frame.",
        "It is next to something else, on the {side} of it.",
        "It is the second one from the {side}.",
        "Please look in the {side} corner.",
        "It stands in the {end} {side} quadrant.",
    ),
}
NAMINGS: Mapping[str, tuple[str, ...]] = {
    "val": ("{text} I mean the {noun}.", "Where is the {noun}?", "Hand me the {noun}, please."),
    "test": (
        "Which {noun} should I take here?",
        "{text} Perhaps one of the {nouns}?",
        "I am looking for the {noun} that I left on the table.",
        "Is there a {colour} {noun} that I could use for that?",
        "{Noun}: {text}",
        "Of all the {nouns} on this table, which would you take?",
    ),
}
EMPTY: Mapping[str, tuple[str, ...]] = {
    "val": (
        "What object can be seen in the image?",
        "Which of these things is the most important?",
    ),
    "test": (
        "What is the main object shown here?",
        "Which item could a person use for this purpose?",
        "Can you find the thing in this picture?",
        "What would one most likely need?",
    ),
}
ODD: Mapping[str, tuple[str, ...]] = {
    "val": ("[Q]: {text} [A]: it", '{{"question": "{text}"}}', "**{text}**"),
    "test": (
        "<question> {text}",
        "{text} | {text}",
        "stop_sign: {text}",
        "{text}\n2. and which one else?",
        "...",
        "{text} [SEG]",
    ),
}
REGIONS: Mapping[str, tuple[str, ...]] = {
    "val": ("{text} See region {number}.", "What is object {number} good for on this table?"),
    "test": (
        "Which use has item {number} in this scene?",
        "{text} (number {number})",
        "What could I do with the thing numbered {number}?",
        "Is mask {number} what I am looking for today?",
    ),
}


@dataclass(frozen=True)
class Scene:
    """A rendered scene as an image, and what the plants need.

    Attributes:
        image: with true masks.
        good: questions that are right.
        words: "val" or "test".
        rng: of all draws.
    """

    image: SourceImage
    good: tuple[Draft, ...]
    words: str
    rng: np.random.Generator

    def drawn(self, texts: Mapping[str, tuple[str, ...]]) -> str:
        """One of the wordings."""
        some = texts[self.words]
        return some[int(self.rng.integers(len(some)))]


Plant = Callable[[Scene, Draft], Draft | None]
"""a good question with an error planted; None if this one cannot have it"""


def good_drafts(
    scenes: SceneFolder, position: int, image: SourceImage, words: str, rng: np.random.Generator
) -> tuple[Draft, ...]:
    """Questions whose answers are known, each a sentence that does not name what it means."""
    objects = scenes.objects(position)
    places = {item.id: place for place, item in enumerate(objects)}
    found = []
    for sample in generate_samples(objects, rng, words, 10, words):
        if sample.kind not in _KINDS or len(sample.instruction.split()) < LEAST_WORDS:
            continue
        if sample.kind == "relation" and (sample.anchor_id is None or not sample.target_ids):
            continue
        if sample.kind == "colour" and sample.target_categories:
            continue  # "the red mug" names what it means
        meant = tuple(places[each] for each in sample.target_ids)
        categories = dict.fromkeys(image.regions[each].category for each in meant)
        if sample.kind == "relation" and _says_noun(sample.instruction, categories):
            continue  # "the mugs left of the plate", too
        kind = _KINDS[sample.kind] if meant else DraftKind.NOTHING
        answer = ", ".join(categories)
        found.append(Draft(image.name, sample.instruction, kind, answer, meant, _FROM))
    return tuple(found)


def _says_noun(text: str, categories: Iterable[str]) -> bool:
    """Whether a text has a noun of a category, as the questions' own table writes it."""
    nouns = [noun for category in categories for noun in CATEGORY_NOUNS[category]]
    said = f" {text.lower().rstrip('?.')} "
    return any(f" {form} " in said for noun in nouns for form in (noun.singular, noun.plural))


def _located(scene: Scene, draft: Draft) -> Draft | None:
    if draft.kind is DraftKind.RELATION or not draft.regions:
        return None
    left, top, right, bottom = scene.image.regions[draft.regions[0]].box_px
    height, width = scene.image.size
    side = "left" if left + right < width else "right"
    end = ("top", "bottom")[int(top + bottom > height)]
    told = scene.drawn(LOCATIONS).format(side=side, end=end)
    return replace(draft, text=f"{draft.text} {told}")


def _named(scene: Scene, draft: Draft) -> Draft | None:
    if not draft.regions:
        return None
    category = scene.image.regions[draft.regions[0]].category
    nouns = CATEGORY_NOUNS[category]
    noun = nouns[int(scene.rng.integers(len(nouns)))]
    text = scene.drawn(NAMINGS).format(
        text=draft.text, noun=noun.singular, nouns=noun.plural, colour="nice",
        Noun=noun.singular.capitalize(),
    )  # fmt: skip
    return replace(draft, text=text)


def _unknown(scene: Scene, draft: Draft) -> Draft | None:
    """Its answer is in no region, as the paper's template can have it."""
    other = str(
        scene.rng.choice([each for each in CATEGORIES if each not in scene.image.categories])
    )
    return replace(draft, kind=DraftKind.PAPER, answer=other, regions=())


def _left_out(scene: Scene, draft: Draft) -> Draft | None:
    """It means one of two things that are alike."""
    if draft.kind is not DraftKind.FUNCTION or len(draft.regions) < 2:
        return None
    first, *others = (scene.image.regions[each].category for each in draft.regions)
    return replace(draft, regions=draft.regions[:1]) if first in others else None


def _there(scene: Scene, draft: Draft) -> Draft | None:
    """It is said to have no answer, and has one."""
    if not draft.regions:
        return None
    answer = scene.image.regions[draft.regions[0]].category
    return replace(draft, kind=DraftKind.NOTHING, answer=answer, regions=())


def _few_words(scene: Scene, draft: Draft) -> Draft | None:
    if scene.rng.random() < 0.5:
        return replace(draft, text=" ".join(draft.text.split()[:3]))
    rest = " because this is what I have always wanted to do on a long and rainy evening"
    more = (
        " at home when nobody was there who could tell me how one does such a thing without trouble"
    )
    return replace(draft, text=f"{draft.text.rstrip('?.')}{rest}{more} or money or help")


def _said_twice(scene: Scene, draft: Draft) -> Draft | None:
    return replace(draft, text=f"{draft.text} {draft.text} {draft.text}")


def _copied(scene: Scene, draft: Draft) -> Draft | None:
    pairs = read_pairs(TEMPLATE)
    text = pairs[int(scene.rng.integers(len(pairs)))][0].split()
    text.pop(int(scene.rng.integers(len(text))))
    return replace(draft, text=" ".join(text))


def _worded(texts: Mapping[str, tuple[str, ...]]) -> Plant:
    def plant(scene: Scene, draft: Draft) -> Draft | None:
        number = int(scene.rng.integers(1, len(scene.image.regions) + 1))
        return replace(draft, text=scene.drawn(texts).format(text=draft.text, number=number))

    return plant


def _single(scene: Scene, draft: Draft) -> Draft | None:
    return replace(draft, kind=DraftKind.SEVERAL) if len(draft.regions) == 1 else None


def _part(scene: Scene, draft: Draft) -> Draft | None:
    return replace(draft, kind=DraftKind.PART) if draft.regions else None


PLANTS: Mapping[str, Plant] = {
    "answer_unknown": _unknown,
    "nothing_answered": _there,
    "length": _few_words,
    "not_plain": _worded(ODD),
    "repeats_itself": _said_twice,
    "copies_example": _copied,
    "names_region": _worded(REGIONS),
    "names_answer": _named,
    "tells_location": _located,
    "says_nothing": _worded(EMPTY),
    "one_target": _single,
    "no_part": _part,
    "leaves_out": _left_out,
}
"""by the code of the rule that must notice it"""
