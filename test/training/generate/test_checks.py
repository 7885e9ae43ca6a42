# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from helpers.generate_place import draft, image_of
from llmseg_training.generate.asking.draft import DraftKind
from llmseg_training.generate.checks.alike_texts import AlikeTexts
from llmseg_training.generate.checks.balance import BalanceRules, balanced
from llmseg_training.generate.checks.locations import tells_location
from llmseg_training.generate.checks.rules import QuestionRules, RuleBook, kept_by_rules
from llmseg_training.generate.checks.verify import Difficulty, Verdict, judgement
from llmseg_training.generate.checks.words import names_thing, rouge_l, words
from llmseg_training.generate.sources.source_image import SourceImage

BOOK = RuleBook(QuestionRules(), {"mug": ("coffee cup",)})


@pytest.fixture
def image(tmp_path: Path) -> SourceImage:
    return image_of(
        tmp_path,
        ("mug", (0, 0, 20, 20)),
        ("mug", (0, 30, 20, 50)),
        ("knife", (25, 0, 40, 40)),
        ("handle", (25, 0, 40, 12)),
        ("plate", (42, 0, 48, 60)),
    )


@pytest.mark.parametrize(
    ("text", "names", "found"),
    [
        ("Where is the mug?", ["mug"], True),
        ("Where are the Mugs?", ["mug"], True),
        ("Is it smug?", ["mug"], False),
        ("Which knives are sharp?", ["knife"], True),
        ("Which boxes are heavy?", ["box"], True),
        ("Put the berries here", ["berry"], True),
        ("a tooth-brush, please", ["toothbrush"], True),
        ("my toothbrushes", ["tooth brush"], True),
        ("stop at the sign", ["stop sign"], False),
        ("the stop signs there", ["stop_sign"], True),
        ("What can I drink from?", ["can"], False),
        ("Which object can be recycled?", ["can"], False),
        ("Pass me the can", ["can"], True),
        ("the empty cans over there", ["can"], True),
        ("What can be filled?", ["cans"], False),
        ("Where is the café's crème?", ["creme"], True),
        ("the man's hat", ["man"], True),
        ("", ["mug"], False),
    ],
)
def test_names_of_things(text: str, names: list[str], found: bool) -> None:
    assert (names_thing(text, names) is not None) == found


@pytest.mark.parametrize(
    ("text", "relation", "told"),
    [
        ("What is on the left side of the image?", False, True),
        ("the one in the upper right corner", False, True),
        ("the thing closest to the camera", True, True),
        ("what stands in the background", True, True),
        ("the leftmost tool", True, True),
        ("What lies to the left of the plate?", True, False),
        ("What lies to the left of the plate?", False, True),
        ("what is next to the sink", False, True),
        ("what is next to the sink", True, False),
        ("on the left of the picture, to the right of the mug", True, True),
        ("Is this the right tool to open it at the right time?", False, False),
        ("What is left over from lunch?", False, False),
        ("What do I need in the middle of the night?", False, False),
    ],
)
def test_places_in_the_image(text: str, relation: bool, told: bool) -> None:
    assert tells_location(text, relation) == told


def test_rouge_l() -> None:
    assert rouge_l(words("a b c d"), words("a c d e")) == pytest.approx(0.75)
    assert rouge_l([], ["a"]) == 0


FINE = "What should I use to drink some hot tea?"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (draft(FINE, 0, 1), ""),
        (draft(FINE, kind="paper", answer="teapot"), "answer_unknown"),
        (draft(FINE, 0, 9), "answer_unknown"),
        (draft("I would like to fry an egg now.", kind="nothing", answer="pan"), ""),
        (draft("I would like to fry an egg now.", kind="nothing", answer="plates"),
         "nothing_answered"),
        (draft("I would like to fry an egg now.", 1, kind="nothing", answer="pan"),
         "nothing_answered"),
        (draft("Something hot, please.", 0, 1), "length"),
        (draft(" ".join(f"word{n}" for n in range(41)), 0, 1), "length"),
        (draft("[Q]: What holds some hot tea?", 0, 1), "not_plain"),
        (draft("What holds some hot <image> tea?", 0, 1), "not_plain"),
        (draft("What holds the tea that holds the tea that holds the tea?", 0, 1),
         "repeats_itself"),
        (draft("Which sign inside the image instructs vehicles to come to a full stop?", 0, 1),
         "copies_example"),
        (draft("What could one do with region 3 at home?", 2), "names_region"),
        (draft("Which mugs hold some hot tea?", 0, 1), "names_answer"),
        (draft("Which coffee cup holds some hot tea?", 0, 1), "names_answer"),
        (draft("What holds my tea on the left side?", 0, 1), "tells_location"),
        (draft("Which object in this image is it?", 0, 1), "says_nothing"),
        (draft(FINE, 2, kind="several"), "one_target"),
        (draft("What do I hold when I cut some bread?", 3, kind="part"), ""),
        (draft("What do I hold when I cut some bread?", 4, kind="part"), "no_part"),
        (draft(FINE, 0), "leaves_out"),
        (draft(FINE, 0, kind="property"), ""),  # the red one of two
    ],
)  # fmt: skip
def test_rules(image: SourceImage, given: object, code: str) -> None:
    kept, lost = kept_by_rules([given], image, BOOK)  # type: ignore[list-item]
    assert [each for _, each in lost] == ([code] if code else [])
    assert bool(kept) != bool(code)


def test_rules_about_several_questions(image: SourceImage) -> None:
    texts = [
        FINE,
        "What should I use now to drink some hot tea?",
        "Which things belong on a breakfast table and hold milk?",
        "My coffee needs somewhere to go before it gets cold.",
    ]
    kept, lost = kept_by_rules([draft(text, 0, 1) for text in texts], image, BOOK)
    assert [each.text for each in kept] == [texts[0], texts[2]]
    assert [code for _, code in lost] == ["alike", "too_many"]


def test_alike_texts_are_found_as_by_comparing_all() -> None:
    rng = np.random.default_rng(0)
    vocabulary = [f"w{number}" for number in range(14)]
    texts = [" ".join(rng.choice(vocabulary, rng.integers(1, 9))) for _ in range(150)]
    seen = AlikeTexts(texts, 0.7)
    for number, text in enumerate(texts):
        alike = [
            other for other in range(number) if rouge_l(words(text), words(texts[other])) >= 0.7
        ]
        assert seen.like(text) == (str(alike[0]) if alike else None)
        seen.add(text, str(number))


@pytest.mark.parametrize(
    ("votes", "code"),
    [
        ([(2,)] * 5, ""),
        ([(2,)] * 4 + [None], ""),
        ([(2,)] * 3 + [(4,), (0,)], "ambiguous"),
        ([(4,)] * 4 + [(2,)], "wrong_answer"),
        ([()] * 5, "wrong_answer"),
        ([(2,)] * 2 + [(2, 4)] * 3, "ambiguous"),
        ([(2,)] * 3 + [None] * 2, "no_votes"),
        ([(2, 3)] * 5, ""),  # the handle is part of the knife: the same mask
    ],
)
def test_votes(image: SourceImage, votes: list[tuple[int, ...] | None], code: str) -> None:
    agreed, found = judgement(image, draft(FINE, 2), votes, keep=4)
    assert found == code
    assert len(agreed) == 5
    nothing = draft("Something to fry with, please.", kind="nothing")
    assert judgement(image, nothing, [()] * 5, keep=4)[1] == ""
    assert judgement(image, nothing, [(0,)] * 5, keep=4)[1] == "wrong_answer"


def test_difficulty() -> None:
    given = draft(FINE, 2)
    table = {
        (True, True): Difficulty.EASY, (True, False): Difficulty.MEDIUM,
        (False, True): Difficulty.MEDIUM, (False, False): Difficulty.HARD,
    }  # fmt: skip
    for (blind, all_agree), difficulty in table.items():
        assert Verdict(given, (True, all_agree), blind).difficulty is difficulty
    assert Verdict(given).difficulty is Difficulty.UNKNOWN
    assert Verdict(given, (True,), None).difficulty is Difficulty.UNKNOWN


def test_balance() -> None:
    answers = ["mug"] * 60 + [f"thing {number}" for number in range(40)]
    some = [
        Verdict(replace(draft(f"question {at}", 0), answer=answer), (True,), at % 2 == 0)
        for at, answer in enumerate(answers)
    ]
    some += [Verdict(draft(f"nothing {at}", kind="nothing")) for at in range(50)]
    rules = BalanceRules(most_nothing=0.1, most_blind=0.3, most_a_category=0.1, always_a_category=5)
    kept, lost = balanced(some, rules, 0)
    assert balanced(some, rules, 0)[0] == kept
    assert len(kept) + len(lost) == len(some)
    assert sum(each.draft.answer == "mug" for each in kept) <= 15
    assert sum(bool(each.blind) for each in kept) <= 0.3 * len(kept)
    nothing = sum(each.draft.kind is DraftKind.NOTHING for each in kept)
    assert 0.07 * len(kept) <= nothing <= 0.1 * len(kept)
    assert {code for _, code in lost} == {"much_nothing", "much_blind", "much_category"}
    everything = BalanceRules(most_nothing=0.9, most_blind=1, most_a_category=1)
    assert balanced(some, everything, 0)[0] == some


def test_rules_do_not_depend_on_case_or_spaces(image: SourceImage) -> None:
    for text, spaced in product(("Which MUGS hold tea for me?",), ("{}", "  {}  ")):
        _, lost = kept_by_rules([draft(spaced.format(text), 0, 1)], image, BOOK)
        assert [code for _, code in lost] == ["names_answer"]
