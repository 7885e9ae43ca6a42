# SPDX-License-Identifier: Apache-2.0
"""The reliability diagram: how often answers are right, over how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from llmseg_core.runtime.whole_file import whole_file

__all__ = ["plot_reliability"]

COLOURS = ("#1f77b4", "#d95f02", "#1b9e77", "#7b3294")


def plot_reliability(path: Path, results: Mapping[str, Mapping[str, Any]], title: str) -> None:
    """Write a picture with a line for each result, and how many answers are how sure.

    Args:
        path: its suffix names the format, such as .png.
        results: of `reliability`, by the name that the legend gives them; at most four.
        title: over all.
    """
    figure = Figure(figsize=(5.6, 6.2), layout="constrained")
    figure.suptitle(title)
    chances, counts = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    chances.plot((0, 1), (0, 1), ":", color="#999999", label="as sure as right")
    width = 0.08 / max(1, len(results))
    for number, (name, result) in enumerate(results.items()):
        bins, colour = result["bins"], COLOURS[number % len(COLOURS)]
        sure, right = [each["confidence"] for each in bins], [each["right"] for each in bins]
        low, high = result["ece_interval"]
        error = f"error {result['ece']:.3f} [{low:.3f}, {high:.3f}]"
        chances.plot(sure, right, "o-", color=colour, label=f"{name}: {error}")
        centres = [(each["low"] + each["high"]) / 2 + (number + 0.5) * width for each in bins]
        offset = len(results) * width / 2
        counts.bar(
            [centre - offset for centre in centres],
            [each["count"] for each in bins],
            width,
            color=colour,
        )
    chances.set_ylabel("share of right answers")
    chances.set_ylim(-0.02, 1.02)
    chances.set_xlim(0, 1)
    chances.legend(loc="lower right", fontsize="small")
    chances.grid(alpha=0.25)
    counts.set_ylabel("answers")
    counts.set_xlabel("confidence")
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=100, format=path.suffix.removeprefix("."))
