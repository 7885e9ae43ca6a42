# SPDX-License-Identifier: Apache-2.0
"""The tables of the paper, and measured rows beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rich.markup import escape
from rich.table import Table

from .sums import SCORES

__all__ = ["PAPER_TABLES", "PaperRow", "PaperTable", "beside", "paper_table"]

PAPER_TABLES = tuple(f"paper-table-{number}" for number in range(1, 6))
"""The names that `paper_table` knows."""
HEADINGS = {"giou": "gIoU", "ciou": "cIoU", "nciou": "ncIoU"}
_FILE = Path(__file__).with_name("paper_tables.yaml")


@dataclass(frozen=True)
class PaperRow:
    """One line of a table of the paper.

    Attributes:
        method: as the paper names it.
        settings: the columns with a tick or a cross.
        scores: giou, ciou, nciou in percent; those that the paper gives.
        rule: the selection rule that the line is about, or None.
    """

    method: str
    settings: Mapping[str, bool]
    scores: Mapping[str, float]
    rule: str | None


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper.

    Attributes:
        title: which one.
        data: what it was measured on.
        rows: its lines.
    """

    title: str
    data: str
    rows: tuple[PaperRow, ...]

    @property
    def settings(self) -> tuple[str, ...]:
        """The columns with a tick or a cross."""
        return tuple(self.rows[0].settings)

    @property
    def scores(self) -> tuple[str, ...]:
        """The scores that any line gives."""
        return tuple(name for name in SCORES if any(name in row.scores for row in self.rows))


def paper_table(name: str) -> PaperTable:
    """One of the `PAPER_TABLES`.

    Raises:
        ValueError: quoting an unknown name.
    """
    if name not in PAPER_TABLES:
        raise ValueError(f"{name!r} is no table, it must be one of {', '.join(PAPER_TABLES)}")
    plain = _read()[name]
    return PaperTable(plain["title"], plain["data"], tuple(map(_row, plain["rows"])))


def beside(
    table: PaperTable,
    data: str,
    measured: Iterable[tuple[str, Mapping[str, float]]],
    by_rule: Mapping[str, Mapping[str, Any]] | None = None,
) -> Table:
    """A table of the paper with what was measured here.

    Args:
        table: of the paper.
        data: what was measured on.
        measured: names of methods and their scores in [0, 1]; lines below those of the paper.
        by_rule: records of `SweepRow` by selection rule; they stand in the line of their rule.

    Returns:
        The table for the terminal, in percent.
    """
    rules = by_rule if by_rule and any(row.rule for row in table.rows) else {}
    shown = Table(
        title=f"{table.title}: {table.data}; measured here: {data}; percent", title_justify="left"
    )
    shown.add_column("method")
    for name in table.settings:
        shown.add_column(name, justify="center")
    for owner in ("paper", "here") if rules else ("",):
        for score in table.scores:
            shown.add_column(f"{owner} {HEADINGS[score]}".strip(), justify="right")
    for row in table.rows:
        cells = [row.scores.get(name) for name in table.scores]
        if rules:
            here = rules.get(row.rule or "", {})
            cells += [_percent(here.get(name)) for name in table.scores]
        ticks = ["yes" if row.settings[name] else "no" for name in table.settings]
        shown.add_row(row.method, *ticks, *map(_cell, cells))
    if rules:
        used = next(iter(rules.values()))
        shown.caption = (
            f"here: IoP threshold {used['iop_threshold']}, top k {used['top_k']}, "
            f"least confidence {used['min_confidence']}"
        )
    else:
        shown.add_section()
        for method, scores in measured:
            cells = [_percent(scores.get(name)) for name in table.scores]
            shown.add_row(f"{escape(method)} (here)", *[""] * len(table.settings),
                          *map(_cell, cells), style="bold")  # fmt: skip
    return shown


def _row(plain: dict[str, Any]) -> PaperRow:
    return PaperRow(
        method=plain["method"],
        settings={name: value for name, value in plain.items() if isinstance(value, bool)},
        scores={name: plain[name] for name in SCORES if name in plain},
        rule=plain.get("rule"),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _cell(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.1f}"


@cache
def _read() -> dict[str, Any]:
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))
