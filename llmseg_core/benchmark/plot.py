# SPDX-License-Identifier: Apache-2.0
"""A picture of a benchmark: bars of the stages, ours beside the reference, with lower bounds."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from llmseg_core.runtime.whole_file import whole_file

from .report import StageRow, short

__all__ = ["draw_plot", "plotting"]


def plotting() -> Any:
    """The figure class of matplotlib, which is needed for this alone.

    Raises:
        ValueError: if matplotlib is not installed.
    """
    try:
        return import_module("matplotlib.figure").Figure
    except ImportError as error:
        raise ValueError("--plot needs matplotlib: pip install matplotlib") from error


def draw_plot(path: Path, title: str, rows: Sequence[StageRow], bound: str) -> None:
    """Write a PNG (or whatever the suffix says) of the stages, milliseconds on a log scale.

    Args:
        path: the file; its folder is made.
        title: above the picture.
        rows: stages, the first on top.
        bound: what the lower bounds are made from.

    Raises:
        ValueError: if matplotlib is not installed or does not know the suffix.
    """
    figure = plotting()(figsize=(9, 1.8 + 0.62 * len(rows)), layout="constrained")
    axes = figure.subplots()
    height = 0.38
    _bars(axes, rows, [row.ours for row in rows], -height / 2, "tab:blue", "ours")
    if any(row.reference for row in rows):
        theirs = [row.reference for row in rows]
        _bars(axes, rows, theirs, height / 2, "tab:gray", "reference")
    marks = [(row.bound_ms, place) for place, row in enumerate(rows) if row.bound_ms]
    if marks:
        places = [place - height / 2 for _, place in marks]
        style = {"marker": "|", "s": 320, "color": "tab:red", "linewidths": 2.5, "zorder": 3}
        axes.scatter([value for value, _ in marks], places, label="bound of ours", **style)
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.invert_yaxis()
    axes.set_xscale("log")
    left, right = axes.get_xlim()
    axes.set_xlim(left, right * 6)  # room for the numbers
    axes.set_xlabel(f"milliseconds, median and range (log scale)\nbound: {bound}")
    axes.set_title(title)
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside lower right", ncols=3, frameon=False)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _bars(
    axes: Any,
    rows: Sequence[StageRow],
    timings: Sequence[Any],
    shift: float,
    color: str,
    label: str,
) -> None:
    """One bar a stage with its range; stages without a timing are left out."""
    drawn = [(place, timing) for place, timing in enumerate(timings) if timing is not None]
    places = [place + shift for place, _ in drawn]
    medians = [timing.median for _, timing in drawn]
    errors = [
        [timing.median - timing.low for _, timing in drawn],
        [timing.high - timing.median for _, timing in drawn],
    ]
    axes.barh(places, medians, 0.36, xerr=errors, color=color, label=label, ecolor="0.2", capsize=2)
    for place, (index, timing) in zip(places, drawn, strict=True):
        ratio = rows[index].ratio if label == "reference" else None
        text = f" {short(timing.median)}" + (f"  ({short(ratio)} x)" if ratio else "")
        axes.text(timing.high, place, text, va="center", fontsize=8)
