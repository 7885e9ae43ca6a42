# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from helpers.generate_place import image_of, questions_reply
from llmseg_training.generate.asking.draft import DraftKind
from llmseg_training.generate.asking.json_reply import read_items, read_object
from llmseg_training.generate.asking.own_template import own_prompt, own_schema, read_own, wholes
from llmseg_training.generate.asking.paper_template import DESCRIBE, TEMPLATE, filled, read_pairs
from llmseg_training.generate.asking.region_picture import COLOURS, numbered_picture
from llmseg_training.generate.chat.asker import BadReplyError

FIGURE_4 = "b110342f5a86bec4"
"""first digits of the SHA-256 of figure 4 of the paper, from "I want you" to "[Questions]:" """


def test_the_template_is_the_papers() -> None:
    """Byte for byte, its slips included."""
    assert hashlib.sha256(TEMPLATE.strip().encode()).hexdigest().startswith(FIGURE_4)
    assert "should fulfil the following requirements:" in TEMPLATE
    assert "based on the the following summary" in TEMPLATE
    assert "do they wear on their backs? [A]: helmet" in TEMPLATE
    assert DESCRIBE == "Please describe the content in this image within 10 sentences."


def test_only_the_two_red_parts_are_replaced() -> None:
    text = filled("A <b>desk</b>.\n<important_objects>", ["stop sign", "mug"])
    before, rest = TEMPLATE.split("<summary>")
    between, after = rest.split("<important_objects>")
    assert text == f"{before}A <b>desk</b>.\n<important_objects>{between}stop_sign | mug{after}"


def test_the_papers_own_example_is_read() -> None:
    pairs = read_pairs(TEMPLATE)
    assert len(pairs) == 5
    assert [answer for _, answer in pairs] == ["helmet", "boot", "stop sign", "saddlebag", "ashcan"]
    assert (
        pairs[2][0] == "Which sign inside the image instructs vehicles to come to a complete stop?"
    )


@pytest.mark.parametrize(
    "text",
    [
        "1. [Q]: What cuts paper? [A]: scissors\n2. [Q]: What holds tea? [A]: mug.",
        "Sure!\n1. [Q] What cuts paper?\n  [A] Scissors\n\n2. [Q] What holds tea?\n  [A] **mug**",
        "1. [q]: What cuts\npaper? [a]: scissors 2. [Q]: x [Q]\n3. [Q]: What holds tea? [A]: mug",
    ],
)
def test_replies_as_models_write_them(text: str) -> None:
    pairs = dict(read_pairs(text))
    assert pairs["What cuts paper?"].startswith("scissors")
    assert pairs.get("What holds tea?", "mug") == "mug"


@pytest.mark.parametrize("text", ["I cannot see the image.", "1. What cuts? scissors", "[Q]: [A]:"])
def test_replies_without_a_question(text: str) -> None:
    with pytest.raises(BadReplyError, match="no_questions"):
        read_pairs(text)


ITEM = ("What cuts paper?", "function", [1], "scissors")


@pytest.mark.parametrize(
    "text",
    [
        questions_reply(ITEM),
        f"Here they are:\n```json\n{questions_reply(ITEM)}\n```\nAnything else?",
        f'{{"thought": "hm"}} {questions_reply(ITEM)}',
        json.dumps(json.loads(questions_reply(ITEM))["questions"]),
        questions_reply(ITEM, ("What holds", "function", [2], "mug"))[:-30],  # cut short
    ],
)
def test_json_of_all_sorts(text: str) -> None:
    (item,) = read_own(text)
    assert (item.question, item.kind, item.numbers, item.answer) == (
        "What cuts paper?", DraftKind.FUNCTION, (1,), "scissors",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no idea", "no_json"),
        ('{"questions": [{"question": "What', "half_json"),
        ('{"questions": []}', "no_questions"),
        ('{"questions": [{"question": 5, "kind": "function", "regions": [1]}]}', "no_questions"),
        ('{"questions": [{"question": "x y", "kind": "fun", "regions": [1]}]}', "no_questions"),
        ('{"questions": [{"question": "x y", "kind": "part", "regions": ["1"]}]}', "no_questions"),
        ("{" * 5000, "half_json"),
        ('{"a":' * 100_000, "half_json"),
    ],
)
def test_json_that_says_nothing(text: str, reason: str) -> None:
    with pytest.raises(BadReplyError) as error:
        read_own(text)
    assert error.value.reason == reason


def test_objects_and_items() -> None:
    assert read_object('x {"regions": [1]} {"regions": [2]}') == {"regions": [1]}
    assert read_items('{"a": [{"b": 1}, 5, {"c": 2}]}', "a", "b") == [{"b": 1}]


def test_parts_of_things(tmp_path: Path) -> None:
    image = image_of(
        tmp_path,
        ("table", (0, 0, 48, 64)),
        ("knife", (5, 5, 15, 45)),
        ("handle", (5, 5, 15, 20)),
        ("mug", (20, 10, 40, 30)),
    )
    assert wholes(image.regions) == [None, 0, 1, 0]


def test_our_prompt_says_what_is_there(tmp_path: Path) -> None:
    image = image_of(tmp_path, ("mug", (0, 0, 24, 32)), ("book", (24, 32, 48, 64)))
    text = own_prompt(image, "A desk.", 5, nothing=False, sees=True, seed=0)
    assert "1: mug (x 0-50 %, y 0-50 %)\n2: book (x 50-100 %, y 50-100 %)\n" in text
    assert "A desk." in text
    assert "outlines" in text
    assert '"nothing"' not in text
    assert '"part"' not in text
    assert '"nothing"' in own_prompt(image, "", 5, nothing=True, sees=False, seed=0)


def test_the_schema_allows_regions_that_there_are() -> None:
    schema = own_schema(3, 5)
    item = schema["properties"]["questions"]["items"]["properties"]
    assert item["regions"]["items"]["enum"] == [1, 2, 3]
    assert set(item["kind"]["enum"]) == {
        "function", "property", "relation", "several", "part", "nothing",
    }  # fmt: skip


def test_numbers_lie_on_their_regions(tmp_path: Path) -> None:
    image = image_of(tmp_path, ("mug", (2, 2, 22, 30)), ("book", (26, 34, 46, 62)))
    grey = np.full((48, 64, 3), 100, np.uint8)
    picture = numbered_picture(grey, image.regions, [1, 2], 64)
    assert np.array_equal(grey, np.full((48, 64, 3), 100, np.uint8))
    for number, inside in ((1, np.s_[2:22, 2:30]), (2, np.s_[26:46, 34:62])):
        drawn = (picture == COLOURS[number]).all(-1)
        assert drawn[inside].sum() > 80
        assert drawn.sum() == drawn[inside].sum()
    assert numbered_picture(grey, image.regions, [1, 2], 32).shape == (24, 32, 3)
