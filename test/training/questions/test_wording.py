# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from helpers.wording_coverage import iter_templates, stray_phrases, unseen_words, words
from llmseg_training.questions import CATEGORIES, COLOURS, SPLITS, iter_instructions
from llmseg_training.questions.frames import frames
from llmseg_training.questions.function_phrases import FUNCTION_PHRASES
from llmseg_training.questions.knowledge import FUNCTIONS, PROPERTIES, Concept
from llmseg_training.questions.nouns import CATEGORY_NOUNS, COLOUR_NAMES, GROUP_NOUNS, Noun
from llmseg_training.questions.property_phrases import PROPERTY_PHRASES
from llmseg_training.questions.realise import Realiser
from llmseg_training.questions.templates import REQUESTS, SENTENCES
from llmseg_training.questions.wording import (
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

HELD_OUT: tuple[Split, ...] = ("val", "test")


@pytest.mark.parametrize(
    ("phrase", "wanted", "used"),
    [
        ("cut this paper (with)", "cut this paper", "cut this paper with"),
        ("eat [something]", "eat something", "eat"),
        ("put tulips (in) [in water]", "put tulips in water", "put tulips in"),
        ("throw [something] to the dog", "throw something to the dog", "throw to the dog"),
    ],
)
def test_forms_of_function_phrases(phrase: str, wanted: str, used: str) -> None:
    assert has_goal(phrase)
    assert goal(phrase) == wanted
    assert relative(phrase) == used
    assert is_instrument(phrase) == ("(" in phrase)


def test_statements_and_relative_phrases_have_no_goal() -> None:
    assert is_need("I am thirsty.")
    assert need("I am thirsty.") == "I am thirsty"
    assert not has_goal("I am thirsty.")
    assert not has_goal("~never leave home without")
    assert relative("~never leave home without") == "never leave home without"


@pytest.mark.parametrize(
    ("predicate", "plural", "after_something"),
    [
        ("is made of metal", "are made of metal", "made of metal"),
        ("has a blade", "have a blade", "with a blade"),
        ("breaks easily", "break easily", None),
        ("goes bad", "go bad", None),
        ("could break", "could break", None),
        ("is a tool", None, None),
        ("is food", "are food", None),
    ],
)
def test_forms_of_predicates(
    predicate: str, plural: str | None, after_something: str | None
) -> None:
    assert plural_predicate(predicate) == plural
    assert modifier(predicate) == after_something


@pytest.mark.parametrize(
    ("noun", "adjective", "expected"),
    [
        (Noun("mug", "mugs"), "", "a mug"),
        (Noun("apple", "apples"), "", "an apple"),
        (Noun("mug", "mugs"), "orange", "an orange mug"),
        (Noun("apple", "apples"), "red", "a red apple"),
        (Noun("scissors", "scissors", plural_only=True), "", "some scissors"),
        (Noun("tape", "tapes", mass=True), "blue", "some blue tape"),
    ],
)
def test_articles(noun: Noun, adjective: str, expected: str) -> None:
    assert noun.indefinite(adjective) == expected


def test_every_concept_colour_and_category_has_words() -> None:
    assert set(FUNCTION_PHRASES) == set(FUNCTIONS)
    assert set(PROPERTY_PHRASES) == set(PROPERTIES)
    assert set(CATEGORY_NOUNS) == set(CATEGORIES)
    assert set(COLOUR_NAMES) == set(COLOURS)
    assert set(GROUP_NOUNS) <= set(PROPERTIES)


def test_every_concept_has_enough_phrases() -> None:
    for table, train, val, test in ((FUNCTION_PHRASES, 10, 2, 3), (PROPERTY_PHRASES, 5, 1, 2)):
        for name, wording in table.items():
            counts = [len(wording.phrases(split)) for split in SPLITS]
            assert counts[0] >= train, name
            assert counts[1] >= val, name
            assert counts[2] >= test, name


def test_every_category_answers_enough_concepts() -> None:
    for category in CATEGORIES:
        concepts = [c for c in (*FUNCTIONS.values(), *PROPERTIES.values()) if category in c.fits]
        assert len(concepts) >= 4, category


def test_there_are_enough_sentence_frames() -> None:
    assert len(frames(REQUESTS["train"])) >= 25
    assert len(frames(REQUESTS["test"])) >= 6
    for slot in ("goal", "need"):
        assert sum(len(frames(by_split["train"])) for by_split in SENTENCES[slot].values()) >= 25


def test_no_frame_is_shared_between_splits() -> None:
    by_split = {split: set(iter_templates(split)) for split in SPLITS}
    assert not by_split["train"] & by_split["val"]
    assert not by_split["train"] & by_split["test"]
    assert not by_split["val"] & by_split["test"]


def test_no_phrase_is_shared_between_splits() -> None:
    found: dict[str, Split] = {}
    for table in (FUNCTION_PHRASES, PROPERTY_PHRASES):
        for wording in table.values():
            for split in SPLITS:
                for phrase in wording.phrases(split):
                    form = relative(need(phrase))
                    assert found.setdefault(form, split) == split, form


@pytest.mark.parametrize("split", HELD_OUT)
def test_held_out_wording_has_no_new_words(split: Split) -> None:
    assert unseen_words(split) == set()


@pytest.mark.parametrize("split", HELD_OUT)
def test_held_out_phrases_share_a_telling_word_with_training(split: Split) -> None:
    assert stray_phrases(split) == []


@pytest.mark.parametrize("split", HELD_OUT)
def test_the_corpus_of_training_holds_every_held_out_word(split: Split) -> None:
    known = set().union(*(words(text) for text in iter_instructions("train", 6000)))
    held_out = set().union(*(words(text) for text in iter_instructions(split, 400)))
    assert held_out - known == set()


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_concept_can_be_said_for_any_number(split: Split, count: int) -> None:
    say = Realiser(np.random.default_rng(0), split)
    for name in FUNCTIONS:
        assert words(say.function(name, count))
    for name in PROPERTIES:
        assert words(say.property(name, count))


@pytest.mark.parametrize(
    ("fits", "maybe", "message"),
    [({"unicorn"}, set(), "unicorn"), (set(), set(), "at least one"), ({"mug"}, {"mug"}, "mug")],
)
def test_bad_concepts_are_refused(fits: set[str], maybe: set[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Concept("broken", frozenset(fits), frozenset(maybe))
