# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from helpers.objects import thing, things
from llmseg_training.questions import (
    CATEGORIES,
    KIND_SHARES,
    KINDS,
    SPLITS,
    QuestionSample,
    generate_samples,
    shares_with_relations,
)
from llmseg_training.questions.knowledge import FUNCTIONS, PROPERTIES
from llmseg_training.questions.made_up import MadeUpObject, made_up_objects
from llmseg_training.questions.scene_view import SceneView

Asked = list[tuple[list[MadeUpObject], QuestionSample]]


@pytest.fixture(scope="module")
def crowd() -> Asked:
    """Questions about many scenes, each with its scene."""
    rng = np.random.default_rng(5)
    scenes = [made_up_objects(rng, int(rng.integers(4, 9))) for _ in range(900)]
    return [
        (scene, sample) for scene in scenes for sample in generate_samples(scene, rng, "train", 8)
    ]


def ask(objects: list[MadeUpObject], kind: str, goes: int = 40) -> list[QuestionSample]:
    """The questions of one kind that come up in many goes at a scene."""
    rng = np.random.default_rng(0)
    samples = [s for _ in range(goes) for s in generate_samples(objects, rng, "train", 8)]
    return [sample for sample in samples if sample.kind == kind]


def test_the_same_seed_asks_the_same() -> None:
    scene = things("red mug", "grey scissors", "yellow banana", "blue mug", "green book")
    first, second = (
        generate_samples(scene, np.random.default_rng(seed), "test", 12) for seed in (7, 7)
    )
    assert len(first) == 12
    assert first == second
    assert first != generate_samples(scene, np.random.default_rng(8), "test", 12)


def test_functions_and_properties_mean_all_that_fit(crowd: Asked) -> None:
    tables = {"function": FUNCTIONS, "property": PROPERTIES}
    checked = 0
    for scene, sample in crowd:
        if sample.kind in tables:
            concept = tables[sample.kind][sample.concept]
            expected = SceneView(scene).answer(concept)
            assert expected is not None
            assert sample.target_ids == tuple(item.id for item in expected)
            assert sample.target_categories == tuple(sorted(concept.fits))
            checked += 1
    assert checked > 1000


def test_names_and_colours_mean_all_that_have_them(crowd: Asked) -> None:
    for scene, sample in crowd:
        if sample.kind in ("category", "colour"):
            expected = tuple(
                item.id
                for item in scene
                if (not sample.target_categories or item.category in sample.target_categories)
                and sample.target_colour in (None, item.colour)
            )
            assert sample.target_ids == expected
            named = sample.target_colour if sample.kind == "colour" else sample.target_categories[0]
            assert sample.concept == named


def test_several_targets_are_not_asked_for_as_one() -> None:
    for sample in ask(things("red mug", "blue mug", "grey fork"), "category"):
        text = f"{sample.instruction.lower().rstrip('.?')} ".replace(",", " ")
        several = any(word in text for word in ("mugs ", "cups ", "each ", "every "))
        if sample.concept == "mug":
            assert several, text
        if sample.concept == "fork":
            assert "forks " not in text


def test_colours_alone_and_with_a_name() -> None:
    scene = things("red mug", "blue mug", "blue box", "orange carrot", "orange orange")
    found: dict[tuple[str | None, tuple[str, ...]], set[tuple[int, ...]]] = {}
    for sample in ask(scene, "colour", 60):
        key = (sample.target_colour, sample.target_categories)
        found.setdefault(key, set()).add(sample.target_ids)
    assert found["blue", ()] == {(2, 3)}
    assert found["blue", ("mug",)] == {(2,)}
    assert found["red", ("mug",)] == {(1,)}
    assert found["orange", ()] == {(4, 5)}
    assert ("orange", ("orange",)) not in found
    assert ("white", ()) not in found  # a mug may be white inside
    assert ("green", ()) not in found  # a carrot has green leaves


def test_relations_start_from_their_anchor() -> None:
    answers = {
        (sample.anchor_id, sample.relation): sample.target_ids
        for sample in ask(things("red mug", "green book", "grey key"), "relation", 60)
        if sample.anchor_id is not None
    }
    assert answers[2, "left_of"] == (1,)
    assert answers[2, "right_of"] == (3,)
    assert answers[1, "right_of"] == (2, 3)
    assert (2, "next_to") not in answers  # the mug is as close as the key


def test_relations_carry_what_the_text_names(crowd: Asked) -> None:
    empty_places = 0
    for scene, sample in crowd:
        if sample.kind != "relation":
            assert sample.relation is None
            assert sample.anchor_id is None
        elif sample.anchor_id is not None:
            (anchor,) = (item for item in scene if item.id == sample.anchor_id)
            assert sample.target_categories == (anchor.category,)
            assert sample.target_colour in (None, anchor.colour)
            assert sample.anchor_id not in sample.target_ids
            empty_places += not sample.target_ids
    assert empty_places > 5


def test_the_nearest_of_a_group() -> None:
    scene = [
        thing("red apple", 1, -0.2, 1.2),
        thing("yellow banana", 2, 0.0, 1.0),
        thing("grey key", 3, 0.2, 0.8),
    ]
    nearest = [sample for sample in ask(scene, "relation", 80) if sample.relation == "nearest"]
    fruit = [s for s in nearest if s.target_categories == ("apple", "banana", "orange")]
    assert {sample.target_ids for sample in fruit} == {(2,)}
    anything = [s for s in nearest if not s.target_categories]
    assert {sample.target_ids for sample in anything} == {(3,)}


def test_no_question_depends_on_a_hardly_visible_object() -> None:
    scene = [*things("red mug", "green book"), thing("grey scissors", 9, 0.3, visible_pixels=12)]
    rng = np.random.default_rng(0)
    for _ in range(60):
        for sample in generate_samples(scene, rng, "train", 8):
            assert 9 not in sample.target_ids
            assert sample.anchor_id != 9
            assert sample.concept not in ("scissors", "cut_paper", "finger_holes")


@pytest.mark.parametrize("split", SPLITS)
def test_phrasing_says_whose_words_were_used(split: str) -> None:
    scene = things("red mug", "grey scissors", "yellow banana")
    own = generate_samples(scene, np.random.default_rng(0), split, 5)
    borrowed = generate_samples(scene, np.random.default_rng(0), split, 5, phrasings="train")
    assert {sample.phrasing for sample in own} == {"seen" if split == "train" else "unseen"}
    assert {sample.phrasing for sample in borrowed} == {"seen"}
    assert borrowed == generate_samples(scene, np.random.default_rng(0), "train", 5)


@pytest.mark.parametrize("split", SPLITS)
def test_every_sentence_is_complete(split: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        for sample in generate_samples(made_up_objects(rng, 6), rng, split, 8):
            text = sample.instruction
            assert not set("{}[]()~|") & set(text), text
            assert text == " ".join(text.split()), text


def test_an_empty_table_has_only_questions_without_answer() -> None:
    samples = generate_samples([], np.random.default_rng(0), "train", 200)
    assert 10 < len(samples) < 60
    assert all(sample.target_ids == () for sample in samples)


def test_only_categories_of_the_vocabulary_are_missed() -> None:
    vocabulary = ("mug", "book", "fork", "apple")
    rng = np.random.default_rng(0)
    named = {
        sample.concept
        for _ in range(40)
        for sample in generate_samples(
            things("red mug", "green book"), rng, "train", 8, vocabulary=vocabulary
        )
        if sample.kind == "category"
    }
    assert named == set(vocabulary)


def test_no_meaning_is_asked_twice_with_one_answer() -> None:
    rng = np.random.default_rng(1)
    samples = generate_samples(things("red mug", "blue mug", "grey fork"), rng, "train", 40)
    meanings = [
        (s.kind, s.concept, s.target_categories, s.target_colour, s.target_ids) for s in samples
    ]
    assert len(set(meanings)) == len(meanings)


def test_shares_of_kinds_and_of_questions_without_answer(crowd: Asked) -> None:
    samples = [sample for _, sample in crowd]
    kinds = Counter(sample.kind for sample in samples)
    for kind in KINDS:
        assert kinds[kind] / len(samples) == pytest.approx(KIND_SHARES[kind], abs=0.03)
        asked = [sample for sample in samples if sample.kind == kind]
        without = sum(not sample.target_ids for sample in asked)
        assert 0.08 < without / len(asked) < 0.19
    assert 0.115 < sum(not sample.target_ids for sample in samples) / len(samples) < 0.155
    assert 0.15 < sum(sample.has_several_targets for sample in samples) / len(samples) < 0.45


def test_relations_can_be_asked_about_more_often() -> None:
    rng = np.random.default_rng(3)
    shares = shares_with_relations(0.6)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["function"] / shares["colour"] == pytest.approx(
        KIND_SHARES["function"] / KIND_SHARES["colour"]
    )
    scenes = [made_up_objects(rng, int(rng.integers(4, 9))) for _ in range(100)]
    asked = [s for scene in scenes for s in generate_samples(scene, rng, "train", 6, shares=shares)]
    assert Counter(s.kind for s in asked)["relation"] / len(asked) == pytest.approx(0.6, abs=0.05)


def test_categories_are_targets_about_equally_often(crowd: Asked) -> None:
    there: Counter[str] = Counter()
    aimed_at: Counter[str] = Counter()
    for scene, sample in crowd:
        there.update(item.category for item in scene)
        for item in scene:
            if item.id in sample.target_ids:
                aimed_at[item.category] += 1 / len(sample.target_ids)
    rates = np.array([aimed_at[name] / there[name] for name in CATEGORIES])
    assert rates.min() > 0.65 * rates.mean()
    assert rates.max() < 1.45 * rates.mean()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": "dev"}, "'dev'.*train, val, test"),
        ({"phrasings": "all"}, "'all'.*train, val, test"),
        ({"max_samples": -1}, "-1"),
    ],
)
def test_bad_input_is_refused(changes: dict[str, object], message: str) -> None:
    arguments = {
        "objects": things("red mug"),
        "rng": np.random.default_rng(0),
        "split": "train",
        "max_samples": 1,
    }
    with pytest.raises(ValueError, match=message):
        generate_samples(**(arguments | changes))
