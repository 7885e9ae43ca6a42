# SPDX-License-Identifier: Apache-2.0
"""All selection rules and thresholds on one set of scores (paper Table 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from llmseg_core.config import PAPER_RULES, SelectionConfig

from .answers import ScoredProposals
from .judge import Judged
from .sums import SCORES, scores_of_sums, sums

__all__ = ["THRESHOLDS", "Sweep", "SweepRow", "SweepTerm", "paper_rules", "sweep_settings"]

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""of the predicted IoP"""


def paper_rules(base: SelectionConfig) -> list[SelectionConfig]:
    """The four rules of the paper's Table 3 at one threshold, in its order."""
    return [replace(base, rule=rule) for rule in PAPER_RULES]


def sweep_settings(base: SelectionConfig) -> list[SelectionConfig]:
    """Each of them at every threshold; the rest stays as in `base`."""
    return [
        replace(config, iop_threshold=threshold)
        for config in paper_rules(base)
        for threshold in THRESHOLDS
    ]


@dataclass(frozen=True)
class SweepRow:
    """One setting and its scores.

    Attributes:
        config: rule and thresholds.
        scores: giou, ciou, nciou, and no_target_accuracy (NaN if everything has a target).
    """

    config: SelectionConfig
    scores: dict[str, float]

    def record(self) -> dict[str, object]:
        """Plain values for JSON."""
        config = self.config
        return {
            "rule": config.rule.value,
            "iop_threshold": config.iop_threshold,
            "top_k": config.top_k,
            "min_confidence": config.min_confidence,
            **self.scores,
        }


@dataclass(frozen=True)
class SweepTerm:
    """What one question adds to each of S settings.

    Attributes:
        sums: (S, 6) float64, see `sums`.
        found: (S,) bool, whether anything is taken.
        has_target: whether anything fits.
    """

    sums: np.ndarray
    found: np.ndarray
    has_target: bool


class Sweep:
    """Adds up what each setting would have answered; no network runs again.

    Args:
        settings: what is tried.
    """

    def __init__(self, settings: Sequence[SelectionConfig]) -> None:
        self.settings = tuple(settings)
        self._sums = np.zeros((len(self.settings), 2 + 4))
        self._refused = np.zeros(len(self.settings), dtype=np.int64)
        self._no_target = 0

    def measure(self, proposals: ScoredProposals, judged: Sequence[Judged]) -> list[SweepTerm]:
        """What the questions about one image will add, which another process may do.

        Raises:
            ValueError: if they were judged without proposals.
        """
        terms = []
        for each in judged:
            if each.atoms is None:
                raise ValueError(f"{each.case.sample} has no proposals, there is nothing to select")
            taken = proposals.taken(each.case.question, self.settings)
            found = np.asarray(taken.any(1))
            terms.append(SweepTerm(sums(each.atoms.measure(taken)), found, each.case.has_target))
        return terms

    def add(self, terms: Sequence[SweepTerm]) -> None:
        """Add what was measured; sums depend on the order in the last digit."""
        for term in terms:
            self._sums += term.sums
            if not term.has_target:
                self._no_target += 1
                self._refused += ~term.found

    def rows(self) -> list[SweepRow]:
        """The scores of every setting.

        Raises:
            ValueError: if nothing was added.
        """
        if not self._sums.any():
            raise ValueError("nothing was added to the sweep, there must be at least one question")
        scores = scores_of_sums(self._sums)
        share = self._refused / self._no_target if self._no_target else self._refused * np.nan
        return [
            SweepRow(
                config,
                {
                    **dict(zip(SCORES, scores[row].tolist(), strict=True)),
                    "no_target_accuracy": float(share[row]),
                },
            )
            for row, config in enumerate(self.settings)
        ]
