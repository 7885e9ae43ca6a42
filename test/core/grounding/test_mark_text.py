# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from llmseg_core.grounding.mark_text import parse_marks

NOTHING = "the VLM says that nothing in the image fits"


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("[3]", (3,)),
        ("[2, 5]", (2, 5)),
        ('```json\n["2", "5"]\n```', (2, 5)),
        ("[#4]", (4,)),
        ("The cups are 2 and 5: [5, 2, 5].", (5, 2)),
        ("First I thought [1], but it is [7]", (7,)),
        ("[1, 2, 9", (1, 2, 9)),
        ("<think>maybe [1]</think><answer>[6]</answer>", (6,)),
        ("Number 4.", (4,)),
        ("#4 and #6", (4, 6)),
        ("1, 4 and 5", (1, 4, 5)),
        ("2-4", (2, 3, 4)),
        ("2 to 3 and 9", (2, 3, 9)),
        ("[3, 99]", (3,)),
        ("It weighs 2.5 kg, 30% of item 8", (8,)),
        ("[0, 3]", (3,)),
    ],
)
def test_numbers_are_read(said: str, numbers: tuple[int, ...]) -> None:
    found = parse_marks(said, 12)
    assert (found.numbers, found.reason) == (numbers, "")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("", "the VLM gave no answer"),
        ("<think>hm</think>", "the VLM gave no answer"),
        ("[]", NOTHING),
        ("none", NOTHING),
        ("No.", NOTHING),
        ("There is no cup among the 12 things.", NOTHING),
        ("[0]", NOTHING),
        ("[13, 99]", "the VLM names 13, 99, the numbers end at 12"),
        ("the cup", "the VLM's answer has no number: 'the cup'"),
        ("cup " * 99, "the VLM's answer has no number: 'cup cup"),
    ],
)
def test_nothing_has_a_reason(said: str, reason: str) -> None:
    found = parse_marks(said, 12)
    assert found.numbers == ()
    assert found.reason.startswith(reason)
    assert len(found.reason) < 150


def test_nonsense_never_raises() -> None:
    for said in ("[" * 5000, "9" * 5000, "\ud800[1", "1-9999999", "[1,,2]", "2-1", "\x00"):
        parse_marks(said, 3)
    assert parse_marks("[1]", 0).reason == "the VLM names 1, the numbers end at 0"
