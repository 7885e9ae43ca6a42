# SPDX-License-Identifier: Apache-2.0
"""What the demonstration leaves behind: a table, pictures, `summary.json` and `index.html`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median

from rich.markup import escape
from rich.table import Table

from llmseg_core.images.image_files import write_image
from llmseg_core.runtime.whole_file import write_whole

from .asker import Outcome
from .page import GOOD_IOU, page
from .picture import Picture

__all__ = ["outcome_table", "write_report"]


def outcome_table(outcomes: Sequence[Outcome]) -> Table:
    """The table for the terminal."""
    table = Table(title="What was asked, and what the node answered")
    table.add_column("instruction", overflow="fold")
    table.add_column("kind")
    table.add_column("found")
    table.add_column("IoU", justify="right")
    table.add_column("latency", justify="right")
    for outcome in outcomes:
        style = "green" if outcome.iou >= GOOD_IOU else "red"
        table.add_row(
            escape(outcome.question.instruction),
            outcome.question.kind,
            outcome.verdict,
            f"[{style}]{outcome.iou:.2f}[/{style}]",
            f"{outcome.latency_ms:.0f} ms",
        )
    table.add_section()
    table.add_row(*_totals(outcomes))
    return table


def write_report(folder: Path, outcomes: Sequence[Outcome], pictures: Sequence[Picture]) -> None:
    """Writes everything into `folder`, which exists; the pictures of an earlier run go.

    Args:
        folder: gets NN_words.png for each outcome, `summary.json` and `index.html`.
        outcomes: the answers, at least one.
        pictures: one for each outcome.
    """
    for old in folder.glob("[0-9][0-9]_*.png"):
        old.unlink()
    for number, (outcome, picture) in enumerate(zip(outcomes, pictures, strict=True), start=1):
        words = re.sub(r"[^a-z0-9]+", "_", outcome.question.instruction.lower()).strip("_")
        path = folder / f"{number:02d}_{words[:50]}.png"
        write_image(path, picture.overlay)
    summary = [
        {
            "instruction": outcome.question.instruction,
            "found": outcome.found,
            "followed": outcome.followed,
            "iou": round(outcome.iou, 4),
            "latency_ms": round(outcome.latency_ms, 1),
        }
        for outcome in outcomes
    ]
    text = json.dumps(summary, indent=2, ensure_ascii=False)
    write_whole(folder / "summary.json", text + "\n")
    questions, _, right, iou, latency = _totals(outcomes)
    totals = (questions, f"found or not: {right}", f"IoU: {iou}", f"latency: {latency}")
    write_whole(folder / "index.html", page(outcomes, pictures, totals))


def _totals(outcomes: Sequence[Outcome]) -> tuple[str, str, str, str, str]:
    right = sum(outcome.right for outcome in outcomes)
    good = sum(outcome.iou >= GOOD_IOU for outcome in outcomes)
    return (
        f"{len(outcomes)} questions",
        "",
        f"{right} right",
        f"mean {mean(outcome.iou for outcome in outcomes):.2f}, {good} at least {GOOD_IOU}",
        f"median {median(outcome.latency_ms for outcome in outcomes):.0f} ms",
    )
