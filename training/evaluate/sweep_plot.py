# SPDX-License-Identifier: Apache-2.0
"""The scores of every rule over the IoP threshold, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from llmseg_core.config import PAPER_RULES, SelectionRule
from llmseg_core.runtime.whole_file import whole_file

from .paper_tables import HEADINGS
from .sums import SCORES
from .sweep import SweepRow

__all__ = ["plot_sweep"]

LABELS = {
    SelectionRule.TOP_IOU: "top IoU",
    SelectionRule.IOP: "IoP above threshold",
    SelectionRule.TOP_IOU_OR_IOP: "top IoU + IoP above threshold",
    SelectionRule.IOP_AMONG_TOP: "IoP above threshold among the top {top_k} IoU",
}
STYLES = {
    SelectionRule.TOP_IOU: ("#555555", "--"),
    SelectionRule.IOP: ("#1f77b4", "-"),
    SelectionRule.TOP_IOU_OR_IOP: ("#d95f02", "-"),
    SelectionRule.IOP_AMONG_TOP: ("#1b9e77", "-"),
}


def plot_sweep(
    path: Path, rows: Sequence[SweepRow], title: str, chosen: float, oracle: float
) -> None:
    """Write a picture with one field each for gIoU, cIoU and ncIoU.

    Args:
        path: its suffix names the format, such as .png.
        rows: scores of rules at thresholds.
        title: over all.
        chosen: the threshold in use, marked by a line.
        oracle: gIoU of the best single proposal, marked by a line; NaN draws none.
    """
    figure = Figure(figsize=(13, 4.4), layout="constrained")
    figure.suptitle(title)
    fields = figure.subplots(1, len(SCORES), sharey=True)
    for field, score in zip(fields, SCORES, strict=True):
        for rule in PAPER_RULES:
            points = sorted(
                (row.config.iop_threshold, 100 * row.scores[score], row.config.top_k)
                for row in rows
                if row.config.rule is rule
            )
            colour, line = STYLES[rule]
            thresholds, values, top_ks = zip(*points, strict=True)
            label = LABELS[rule].format(top_k=top_ks[0])
            field.plot(thresholds, values, line, color=colour, label=label, marker=".")
        field.axvline(chosen, color="#999999", linewidth=0.8, linestyle=":")
        field.set_xlabel("IoP threshold")
        field.set_title(HEADINGS[score])
        field.grid(alpha=0.25)
    if oracle == oracle:
        fields[0].axhline(100 * oracle, color="#7b3294", linewidth=1, label="best single proposal")
    fields[0].set_ylabel("percent")
    fields[0].set_ylim(bottom=0)
    handles, labels = fields[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=120, format=path.suffix.removeprefix("."))
