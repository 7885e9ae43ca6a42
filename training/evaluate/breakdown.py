# SPDX-License-Identifier: Apache-2.0
"""Judged questions by what was asked: kind, length, category, with and without a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from .case import Case

__all__ = ["breakdowns", "phrasing_rows"]

WORD_BINS = (1, 3, 6, 11, 21)
"""least words of each bin"""
SENTENCE = "instruction"
"""the kind of question that is a whole sentence"""


def breakdowns(cases: Sequence[Case]) -> dict[str, dict[str, list[Case]]]:
    """Group the cases in several ways.

    Args:
        cases: judged questions.

    Returns:
        By the name of the way (target, length, words, kind, category) and of the group. Length is
        ReasonSeg's: a short phrase or a long sentence. Groups of no case are left out, and so is a
        category that is unknown; categories stand by number of cases, the largest first.
    """
    ways: dict[str, Callable[[Case], str]] = {
        "target": _target,
        "length": lambda case: "long sentence" if case.kind == SENTENCE else "short phrase",
        "words": _word_bin,
        "kind": lambda case: case.kind,
        "category": lambda case: case.category,
    }
    groups = {way: _group(cases, key) for way, key in ways.items()}
    order = [_bin_name(low, high) for low, high in _bins()]
    groups["words"] = {name: groups["words"][name] for name in order if name in groups["words"]}
    groups["category"].pop("", None)
    groups["category"] = dict(sorted(groups["category"].items(), key=lambda item: -len(item[1])))
    return groups


def phrasing_rows(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """Group the cases by phrasing, and within each by target and category.

    Returns:
        By "PHRASING: GROUP", phrasings in the order of the cases; no group of no case, and no
        group at all of cases whose phrasing is unknown.
    """
    rows: dict[str, list[Case]] = {}
    for phrasing in dict.fromkeys(case.phrasing for case in cases if case.phrasing):
        part = [case for case in cases if case.phrasing == phrasing]
        groups = {
            "all": part,
            "with a target": [case for case in part if case.has_target],
            "several targets": [case for case in part if (case.targets or 0) > 1],
            "no target": [case for case in part if not case.has_target],
            **_group([case for case in part if case.category], lambda case: case.category),
        }
        rows.update({f"{phrasing}: {name}": each for name, each in groups.items() if each})
    return rows


def _group(cases: Sequence[Case], key: Callable[[Case], str]) -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(key(case), []).append(case)
    return dict(sorted(groups.items()))


def _target(case: Case) -> str:
    return "with a target" if case.has_target else "no target"


def _bins() -> list[tuple[int, int | None]]:
    """Least word count of each bin and that of the next."""
    return [*pairwise(WORD_BINS), (WORD_BINS[-1], None)]


def _bin_name(low: int, high: int | None) -> str:
    return f"{low} words or more" if high is None else f"{low} to {high - 1} words"


def _word_bin(case: Case) -> str:
    low, high = next(each for each in reversed(_bins()) if case.words >= each[0])
    return _bin_name(low, high)
