# SPDX-License-Identifier: Apache-2.0
"""What votes find of wrong and ambiguous answers, by voters who know the truth and often err.

It measures the vote, not a model: `llmseg generate run` with a verifier measures that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..asking.draft import Draft
from ..checks.verify import VerifyRules, judgement
from .planted import Scene

__all__ = ["voted_counts"]

RIGHT = (0.95, 0.85)
"""how often a voter finds what is meant"""


def voted_counts(scenes: Sequence[Scene], seed: int) -> dict[str, tuple[int, int, int, int]]:
    """Noticed, planted, refused and good, of wrong and of ambiguous answers, for each voter."""
    rules = VerifyRules()
    found = {}
    for right in RIGHT:
        rng = np.random.default_rng([seed, round(100 * right)])
        wrong, unclear = np.zeros(4, int), np.zeros(4, int)
        for scene in scenes:
            count = len(scene.image.regions)
            for draft in scene.good:
                if not draft.regions or count < 3:
                    continue
                others = [each for each in range(count) if each not in draft.regions]
                if not others:
                    continue
                _, code = judgement(scene.image, draft, _votes(draft, count, right, rules, rng),
                                    rules.keep)  # fmt: skip
                false = replace(draft, regions=(int(rng.choice(others)),))
                votes = _votes(draft, count, right, rules, rng)
                _, noticed = judgement(scene.image, false, votes, rules.keep)
                wrong += bool(noticed), 1, bool(code), 1
                # Something else fits as well, and who answers takes it or leaves it.
                maybe = replace(draft, regions=(*draft.regions, int(rng.choice(others))))
                votes = [
                    _vote(draft if rng.random() < 0.5 else maybe, count, right, rng)
                    for _ in range(rules.votes)
                ]
                _, noticed = judgement(scene.image, draft, votes, rules.keep)
                unclear += bool(noticed), 1, bool(code), 1
        name = f"voters right {right:.0%}"
        found[f"wrong answer, {name}"] = _four(wrong)
        found[f"ambiguous, {name}"] = _four(unclear)
    return found


def _votes(
    draft: Draft, count: int, right: float, rules: VerifyRules, rng: np.random.Generator
) -> list[tuple[int, ...] | None]:
    return [_vote(draft, count, right, rng) for _ in range(rules.votes)]


def _vote(draft: Draft, count: int, right: float, rng: np.random.Generator) -> tuple[int, ...]:
    return draft.regions if rng.random() < right else (int(rng.integers(count)),)


def _four(counts: np.ndarray) -> tuple[int, int, int, int]:
    one, two, three, four = (int(each) for each in counts)
    return one, two, three, four
