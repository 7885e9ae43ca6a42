# SPDX-License-Identifier: Apache-2.0
"""Counts of what was left out, by stage and reason, with some examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

__all__ = ["Tally"]

EXAMPLES = 5
"""kept of each reason"""


class Tally:
    """What a run left out, and why.

    Attributes:
        counts: how often, by stage ("images", "regions", "replies", "questions") and reason.
        examples: names of the first few, by the same.
    """

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self.examples: dict[tuple[str, str], list[str]] = {}

    def note(self, stage: str, reason: str, what: str) -> None:
        """Count one; `what` names it and may say more."""
        self.counts.setdefault(stage, Counter())[reason] += 1
        shown = self.examples.setdefault((stage, reason), [])
        if len(shown) < EXAMPLES:
            shown.append(what)

    def plain(self) -> Mapping[str, Any]:
        """For JSON: {stage: {reason: {"count": 3, "examples": [...]}}}, commonest first."""
        return {
            stage: {
                reason: {"count": count, "examples": self.examples[stage, reason]}
                for reason, count in counts.most_common()
            }
            for stage, counts in self.counts.items()
        }

    def lines(self) -> list[str]:
        """For people."""
        found = []
        for stage, counts in self.counts.items():
            found.append(f"{stage} left out: {counts.total()}")
            found += [f"  {count} x {reason}" for reason, count in counts.most_common()]
        return found
