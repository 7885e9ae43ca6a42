# SPDX-License-Identifier: Apache-2.0
"""What can be asked about the larger catalogue, beside what the packaged model is asked."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.objects import things
from helpers.wording_coverage import iter_templates, words
from llmseg_training import scenes
from llmseg_training.questions import (
    CATEGORIES,
    HOUSEHOLD,
    SPLITS,
    TABLETOP,
    generate_samples,
    iter_instructions,
    knowledge_of,
)
from llmseg_training.questions.catalogue import (
    ALL_FUNCTION_PHRASES,
    ALL_NOUNS,
    ALL_PROPERTY_PHRASES,
)
from llmseg_training.questions.corpus import iter_phrases
from llmseg_training.questions.knowledge import FUNCTIONS, PROPERTIES
from llmseg_training.questions.made_up import made_up_objects
from llmseg_training.questions.realise import Realiser
from llmseg_training.questions.scene_view import SceneView
from llmseg_training.questions.wording import Split, need, relative

FIRST = [
    "Look for everything sold in an electronics store.",
    "can you show me a purple claw hammer",
    "fetch an object that is a cylinder of metal",
]
"""What is said first, whatever else the larger catalogue knows."""


def test_the_smallest_knowledge_of_the_things_counts() -> None:
    assert knowledge_of(("mug", "book")) is TABLETOP
    assert knowledge_of(CATEGORIES) is TABLETOP
    assert knowledge_of(("mug", "duck")) is HOUSEHOLD
    assert set(HOUSEHOLD.categories) == set(scenes.ALL_CATEGORIES)
    for table, larger in ((FUNCTIONS, HOUSEHOLD.functions), (PROPERTIES, HOUSEHOLD.properties)):
        for name, concept in table.items():
            # what was true of the fewer things stays true of them
            assert larger[name].fits & set(CATEGORIES) == concept.fits, name
            assert larger[name].maybe & set(CATEGORIES) == concept.maybe, name


def test_everything_has_words() -> None:
    assert set(ALL_FUNCTION_PHRASES) == set(HOUSEHOLD.functions)
    assert set(ALL_PROPERTY_PHRASES) == set(HOUSEHOLD.properties)
    assert set(ALL_NOUNS) == set(HOUSEHOLD.categories)
    assert set(HOUSEHOLD.group_nouns) <= set(HOUSEHOLD.properties)
    for table, least in ((ALL_FUNCTION_PHRASES, (8, 2, 2)), (ALL_PROPERTY_PHRASES, (5, 1, 2))):
        for name, wording in table.items():
            counts = [len(wording.phrases(split)) for split in SPLITS]
            assert all(count >= few for count, few in zip(counts, least, strict=True)), name


def test_every_category_answers_something() -> None:
    concepts = (*HOUSEHOLD.functions.values(), *HOUSEHOLD.properties.values())
    for category in HOUSEHOLD.categories:
        assert any(category in concept.fits for concept in concepts), category


@pytest.mark.parametrize("split", ["val", "test"])
def test_held_out_wording_is_new_but_not_its_words(split: Split) -> None:
    def vocabulary(of: Split) -> set[str]:
        texts = (*iter_templates(of), *iter_phrases(of, HOUSEHOLD))
        return set().union(*(words(text) for text in texts))

    assert vocabulary(split) <= vocabulary("train")
    for table in (ALL_FUNCTION_PHRASES, ALL_PROPERTY_PHRASES):
        seen = {relative(need(p)) for wording in table.values() for p in wording.phrases("train")}
        held = {relative(need(p)) for wording in table.values() for p in wording.phrases(split)}
        assert not seen & held


@pytest.mark.parametrize(
    ("names", "concept", "expected"),
    [
        (("red pan", "grey spoon"), "fry", [1]),
        (("red pan", "grey pot"), "fry", None),
        (("yellow tape_measure", "brown ruler", "red book"), "measure", [1, 2]),
        (("yellow duck", "brown teddy", "white die"), "play", [1, 2, 3]),
        (("red mug", "white wineglass"), "drink", [1, 2]),
        (("grey scissors", "red saw"), "cut_paper", None),
        (("brown bread", "yellow cheese", "red mug"), "sandwich", [1, 2]),
        (("blue towel", "red hammer"), "dry", [1]),
    ],
)
def test_answers(names: tuple[str, ...], concept: str, expected: list[int] | None) -> None:
    hits = SceneView(things(*names), HOUSEHOLD).answer(HOUSEHOLD.functions[concept])
    assert (None if hits is None else [item.id for item in hits]) == expected


def test_samples_ask_about_both_catalogues_things() -> None:
    rng, names = np.random.default_rng(0), HOUSEHOLD.categories
    asked: set[str] = set()
    for _ in range(120):
        objects = made_up_objects(rng, 6, names)
        for sample in generate_samples(objects, rng, "train", 6, vocabulary=names):
            assert sample.instruction
            asked |= {objects[number].category for number in sample.target_ids}
    assert len(asked - set(CATEGORIES)) > 50
    with pytest.raises(ValueError, match="unknown category 'duck'"):
        generate_samples(things("yellow duck"), rng, "train", 1)


def test_every_concept_can_be_said() -> None:
    for split in SPLITS:
        say = Realiser(np.random.default_rng(0), split)
        for count in (0, 1, 3):
            for name in HOUSEHOLD.functions:
                assert words(say.function(name, count))
            for name in HOUSEHOLD.properties:
                assert words(say.property(name, count))


def test_the_packaged_models_words_are_what_they_were() -> None:
    """Its tokenizer and its figures are made of these."""
    few = set().union(*(words(text) for text in iter_phrases("train")))
    many = set().union(*(words(text) for text in iter_phrases("train", HOUSEHOLD)))
    assert few < many
    assert len(many) > 1.3 * len(few)
    assert not {"duck", "pliers", "omelette"} & few
    first = list(iter_instructions("train", 3))[:3]
    assert first == FIRST
