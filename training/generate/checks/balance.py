# SPDX-License-Identifier: Apache-2.0
"""Which of the good questions are left out so that no sort of them rules the data set."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from llmseg_core.config.limits import AtLeast, Between
from llmseg_core.config.settings import Settings

from .verify import Verdict

__all__ = ["BalanceRules", "balanced"]


@dataclass(frozen=True)
class BalanceRules(Settings):
    """Largest shares of sorts of questions."""

    most_nothing: Annotated[float, Between(0, 0.9)] = 0.15
    """share of questions that nothing fits"""
    most_blind: Annotated[float, Between(0, 1)] = 1.0
    """share of questions whose answer was guessed without the image"""
    most_a_category: Annotated[float, Between(0, 1)] = 0.05
    """share of questions with the same answer"""
    always_a_category: Annotated[int, AtLeast(1)] = 20
    """as many with the same answer stay in any case, however small the data set is"""


def balanced(
    verdicts: Sequence[Verdict], rules: BalanceRules, seed: int
) -> tuple[list[Verdict], list[tuple[Verdict, str]]]:
    """The questions that stay, in their order, and those that do not with a code each.

    Who goes is drawn at random. Codes: "much_nothing", "much_blind", "much_category".
    """
    rng = np.random.default_rng([seed, len(verdicts)])
    order = [int(each) for each in rng.permutation(len(verdicts))]
    lost: dict[int, str] = {}

    def thin(sort: Callable[[Verdict], bool], share: float, code: str) -> None:
        here = [place for place in order if place not in lost]
        of_sort = [place for place in here if sort(verdicts[place])]
        others = len(here) - len(of_sort)
        # So many that they are the share of all that stay.
        room = len(of_sort) if share >= 1 else math.floor(share * others / (1 - share))
        lost.update(dict.fromkeys(of_sort[room:], code))

    counts: Counter[str] = Counter()
    room = max(rules.always_a_category, math.ceil(rules.most_a_category * len(verdicts)))
    for place in order:
        draft = verdicts[place].draft
        if draft.nothing_fits:
            continue
        counts[draft.answer] += 1
        if counts[draft.answer] > room:
            lost[place] = "much_category"
    before = -1
    while len(lost) != before:  # each makes the other's share larger
        before = len(lost)
        thin(lambda each: bool(each.blind), rules.most_blind, "much_blind")
        thin(lambda each: each.draft.nothing_fits, rules.most_nothing, "much_nothing")
    kept = [verdict for place, verdict in enumerate(verdicts) if place not in lost]
    return kept, [(verdicts[place], code) for place, code in sorted(lost.items())]
