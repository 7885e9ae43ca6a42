# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

from llmseg_core.metrics.mask_iou import MaskCounts
from llmseg_training.evaluate import Case, breakdowns
from llmseg_training.evaluate.breakdown import phrasing_rows


def case(text: str, kind: str, category: str = "", has_target: bool = True) -> Case:
    return Case("a", 0, text, kind, category, has_target, True, MaskCounts(1, 2, 1, 2))


CASES = [
    case("cup", "category", "cup"),
    case("the red cup", "phrase", "cup"),
    case("what could I drink my tea from?", "instruction", "book"),
    case(" ".join(["word"] * 21), "instruction", has_target=False),
]


def test_groups_and_their_order() -> None:
    groups = {
        way: {name: [CASES.index(each) for each in cases] for name, cases in parts.items()}
        for way, parts in breakdowns(CASES).items()
    }
    assert groups == {
        "target": {"no target": [3], "with a target": [0, 1, 2]},
        "length": {"long sentence": [2, 3], "short phrase": [0, 1]},
        "words": {"1 to 2 words": [0], "3 to 5 words": [1], "6 to 10 words": [2],
                  "21 words or more": [3]},
        "kind": {"category": [0], "instruction": [2, 3], "phrase": [1]},
        "category": {"cup": [0, 1], "book": [2]},
    }  # fmt: skip
    assert list(groups["words"]) == [
        "1 to 2 words", "3 to 5 words", "6 to 10 words", "21 words or more"
    ]  # fmt: skip
    assert list(groups["category"]) == ["cup", "book"]


def test_rows_by_phrasing() -> None:
    new = [
        replace(CASES[0], phrasing="unseen", targets=2),
        replace(CASES[3], phrasing="unseen", targets=0),
    ]
    known = replace(CASES[2], phrasing="seen", targets=1)
    cases = [new[0], known, new[1], CASES[1]]
    assert phrasing_rows(cases) == {
        "unseen: all": new,
        "unseen: with a target": new[:1],
        "unseen: several targets": new[:1],
        "unseen: no target": new[1:],
        "unseen: cup": new[:1],
        "seen: all": [known],
        "seen: with a target": [known],
        "seen: book": [known],
    }
    assert list(phrasing_rows(cases))[4:6] == ["unseen: cup", "seen: all"]
    assert phrasing_rows(CASES) == {}
