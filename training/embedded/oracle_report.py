# SPDX-License-Identifier: Apache-2.0
"""What the oracles found: tables for the terminal, and one JSON file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table

from ..evaluate.report import write_json
from .oracles import ORACLES, OracleScores

__all__ = ["oracle_tables", "write_oracles"]


def oracle_tables(scores: OracleScores, title: str) -> Group:
    """GIoU of every oracle by kind of question, proposals by size, and how they are ranked.

    Args:
        scores: what was found.
        title: what it was measured on.
    """
    tables: list[Any] = []
    for phrasing in dict.fromkeys(question.phrasing for question in scores.questions):
        rows = scores.table(phrasing)
        shown = Table(title=f"gIoU, {phrasing} phrasings: {title}", title_justify="left")
        shown.add_column("questions")
        for heading in ("count", "answered", *ORACLES):
            shown.add_column(heading, justify="right")
        for name, row in rows.items():
            scores_of_row = (f"{row[key]:.3f}" for key in ("answered", *ORACLES))
            shown.add_row(name, str(int(row["count"])), *scores_of_row)
        tables.append(shown)
    sizes = Table(title="The best proposal of each object", title_justify="left")
    for heading in ("share of the image", "objects", "mean IoU"):
        sizes.add_column(heading, justify="right")
    for row in scores.sizes():
        share = f"{100 * row['from']:g} to {100 * row['to']:g} %"
        sizes.add_row(share, str(int(row["count"])), f"{row['best']:.3f}")
    ranking = scores.ranking()
    line = (
        f"{int(ranking['proposals'])} proposals lie on objects: predicted IoU "
        f"{ranking['predicted']:.3f}, true {ranking['true']:.3f}, "
        f"correlation {ranking['correlation']:.3f}"
    )
    return Group(*tables, sizes, line, *(f"{name}: {what}" for name, what in ORACLES.items()))


def write_oracles(scores: OracleScores, title: str, file: Path) -> None:
    """Write all of it as JSON; what is not known is null."""
    phrasings = dict.fromkeys(question.phrasing for question in scores.questions)
    write_json(
        file,
        {
            "here": title,
            "oracles": ORACLES,
            "giou": {phrasing: scores.table(phrasing) for phrasing in phrasings},
            "sizes": scores.sizes(),
            "ranking": scores.ranking(),
        },
    )
