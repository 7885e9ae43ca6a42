# SPDX-License-Identifier: Apache-2.0
"""What the comparison with LISA gave, below the paper's Tables 1 and 5."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rich.table import Table

from llmseg_core.runtime.whole_file import write_whole

from ..evaluate.paper_tables import beside, paper_table

__all__ = ["comparison_tables", "write_comparison"]

PAPER = ("paper-table-1", "paper-table-5")

Runs = Mapping[int, Mapping[str, Mapping[str, float]]]
"""Scores in [0, 1] by seed, row and name."""


def comparison_tables(runs: Runs, title: str) -> list[Table]:
    """The paper's tables with the mean over seeds below.

    Args:
        runs: at least one.
        title: what ours was measured on.
    """
    measured = list(_means(runs).items())
    return [beside(paper_table(name), title, measured) for name in PAPER]


def write_comparison(runs: Runs, title: str, file: Path) -> None:
    """Write means and the scores of every seed as JSON."""
    plain = {
        "here": title,
        "mean": {row: _plain(scores) for row, scores in _means(runs).items()},
        "seeds": {
            str(seed): {row: _plain(scores) for row, scores in rows.items()}
            for seed, rows in runs.items()
        },
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(plain, indent=2))


def _means(runs: Runs) -> dict[str, dict[str, float]]:
    first = next(iter(runs.values()))
    return {
        row: {name: float(np.mean([run[row][name] for run in runs.values()])) for name in scores}
        for row, scores in first.items()
    }


def _plain(scores: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no number for a score of no questions."""
    return {name: None if math.isnan(value) else value for name, value in scores.items()}
