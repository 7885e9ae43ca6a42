# SPDX-License-Identifier: Apache-2.0
"""What an ablation gave, beside the paper: a table for the terminal, JSON, a plot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from llmseg_core.runtime.whole_file import whole_file, write_whole

from ..evaluate.paper_tables import HEADINGS, PaperTable, paper_table

__all__ = ["PAPER", "ablation_table", "write_ablation"]

PAPER = {"table2": "paper-table-2", "table4": "paper-table-4"}
"""The paper's table of each ablation."""


def ablation_table(table: str, scores: Mapping[str, Mapping[str, float]], title: str) -> Table:
    """A line for each row: the paper's scores and ours, in percent.

    Args:
        table: a key of `PAPER`.
        scores: of our rows by name, in the paper's order, in [0, 1].
        title: what ours was measured on.
    """
    paper = paper_table(PAPER[table])
    shown = Table(title=f"{paper.title}; here: {title}; percent", title_justify="left")
    shown.add_column("row")
    for owner in ("paper", "here"):
        for name in paper.scores:
            shown.add_column(f"{owner} {HEADINGS[name]}", justify="right")
    for row, (label, ours) in zip(paper.rows, scores.items(), strict=True):
        cells = [row.scores[name] for name in paper.scores]
        cells += [100 * ours[name] for name in paper.scores]
        shown.add_row(label, *(f"{value:.1f}" for value in cells))
    return shown


def write_ablation(
    table: str, scores: Mapping[str, Mapping[str, float]], title: str, folder: Path
) -> None:
    """Write `TABLE.json` and `TABLE.png` to `folder`; arguments as for `ablation_table`."""
    paper = paper_table(PAPER[table])
    rows = [
        {"row": label, "paper": dict(row.scores), "here": _plain(ours)}
        for row, (label, ours) in zip(paper.rows, scores.items(), strict=True)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    plain = {"table": paper.title, "paper measured on": paper.data, "here": title, "rows": rows}
    write_whole(folder / f"{table}.json", json.dumps(plain, indent=2))
    _plot(folder / f"{table}.png", paper, scores, title)


def _plain(scores: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no number for a score of no questions."""
    return {name: None if np.isnan(value) else value for name, value in scores.items()}


def _plot(
    path: Path, paper: PaperTable, scores: Mapping[str, Mapping[str, float]], title: str
) -> None:
    figure = Figure(figsize=(5 * len(paper.scores), 4), layout="constrained")
    figure.suptitle(f"{paper.title}: {paper.data}\nhere: {title}", fontsize=11)
    places = np.arange(len(scores))
    for axes, name in zip(figure.subplots(1, len(paper.scores)), paper.scores, strict=True):
        theirs = [row.scores[name] for row in paper.rows]
        ours = [100 * row[name] for row in scores.values()]
        for shift, label, values in ((-0.2, "paper", theirs), (0.2, "here", ours)):
            bars = axes.bar(places + shift, values, 0.38, label=label)
            axes.bar_label(bars, fmt="%.1f", fontsize=8)
        axes.margins(y=0.1)
        axes.set_xticks(
            places, [label.replace(" (", "\n(").replace(", ", ",\n") for label in scores]
        )
        axes.set_ylabel(f"{HEADINGS[name]}, percent")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
