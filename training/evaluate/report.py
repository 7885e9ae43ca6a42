# SPDX-License-Identifier: Apache-2.0
"""What an evaluation leaves: tables for the terminal, and one JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table

from llmseg_core.runtime.whole_file import write_whole

from .bootstrap import bootstrap_intervals
from .breakdown import breakdowns, phrasing_rows
from .evaluation import Evaluation
from .reliability import reliability
from .scores import proposal_miou, score_cases

__all__ = [
    "evaluation_report",
    "print_tables",
    "read_report",
    "report_tables",
    "scores_table",
    "side_by_side",
    "write_json",
]

COLUMNS = {
    "count": "count",
    "giou": "gIoU",
    "ciou": "cIoU",
    "nciou": "ncIoU",
    "oracle_giou": "oracle gIoU",
    "oracle_union_giou": "oracle union gIoU",
    "random_giou": "random gIoU",
    "no_target_accuracy": "no-target accuracy",
    "target_recall": "target recall",
    "ece": "calibration error",
}
"""scores and their headings"""
MOST_CATEGORIES = 20
"""lines of categories in the terminal; the JSON file has all"""


def evaluation_report(
    evaluation: Evaluation,
    name: str,
    resamples: int = 2000,
    seed: int = 0,
    is_calibrated: bool = False,
) -> dict[str, Any]:
    """Plain values for JSON.

    Args:
        evaluation: what was found.
        name: of the method.
        resamples: of the intervals.
        seed: of the intervals.
        is_calibrated: whether the method's confidences are chances.

    Returns:
        name, data, images, broken (name: reason), scores (see `score_cases`), intervals (giou,
        ciou, nciou: [low, high], 95 %), proposal_miou, breakdowns (way: group: scores), and sweep
        (one object a setting); of confidences that are chances reliability (see there), and its ece
        among the scores. What is not known is NaN. Of questions whose phrasing is known there
        are also rows (see `phrasing_rows`), at the top the scores of the first phrasing, and in
        seen_phrasings those of the wordings of training.
    """
    cases = evaluation.cases
    intervals = bootstrap_intervals(cases, resamples, seed)
    rows = {name: score_cases(part) for name, part in phrasing_rows(cases).items()}
    chances = reliability(cases, resamples, seed) if is_calibrated else {}
    if chances:
        for name, part in phrasing_rows(cases).items():
            if name.endswith(": all"):  # a part of few questions seems worse than it is
                rows[name]["ece"] = reliability(part, 1, seed)["ece"]
    return {
        "name": name,
        "data": evaluation.data,
        "images": len(evaluation.indices),
        "broken": {error.sample: error.reason for error in evaluation.broken},
        "scores": score_cases(cases) | ({"ece": chances["ece"]} if chances else {}),
        "intervals": {score: list(ends) for score, ends in intervals.items()},
        "resamples": resamples,
        "seed": seed,
        "proposal_miou": proposal_miou(cases, evaluation.object_iou),
        "breakdowns": {
            way: {group: score_cases(part) for group, part in groups.items()}
            for way, groups in breakdowns(cases).items()
        },
        "sweep": [row.record() for row in evaluation.sweep],
        **({"reliability": chances} if chances else {}),
        **_by_phrasing(rows),
    }


def _by_phrasing(rows: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """What the report has beside if phrasings are known."""
    if not rows:
        return {}
    seen = {"seen_phrasings": rows["seen: all"]} if "seen: all" in rows else {}
    return {**next(iter(rows.values())), **seen, "rows": rows}


def report_tables(report: Mapping[str, Any]) -> RenderableType:
    """The report for the terminal."""
    title = f"{report['name']} on {report['data']}: {report['images']} images"
    if "questions_per_scene" in report:
        most, seed = report["questions_per_scene"], report["seed"]
        title += f", at most {most} questions a scene and phrasing, seed {seed}"
    rows = report.get("rows") or _rows(report)
    ends = ", ".join(
        f"{name} {100 * report['scores'][name]:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
        for name, (low, high) in report["intervals"].items()
    )
    lines = [f"95 % intervals over images, percent: {ends}"]
    if "reliability" in report:
        lines.append(_chances(report["reliability"]))
    if _is_known(report["proposal_miou"]):
        thing = "object" if "questions_per_scene" in report else "target"
        lines.append(f"best proposal of each {thing}: mean IoU {report['proposal_miou']:.3f}")
    if report["broken"]:
        lines.append(f"{len(report['broken'])} samples could not be read and were left out")
    return Group(scores_table(title, rows), *map(escape, lines))


def _chances(found: Mapping[str, Any]) -> str:
    """What confidences are worth, a line."""
    low, high = found["ece_interval"]
    ends = f" [{low:.3f}, {high:.3f}]" if _is_known(low) else ""
    return (
        f"confidence: expected calibration error {found['ece']:.3f}{ends}, "
        f"mean {found['mean_confidence']:.3f} where {found['right']:.3f} are right, "
        f"AUROC {_cell('auroc', found['auroc'])}"
    )


def side_by_side(reports: Sequence[Mapping[str, Any]]) -> Table:
    """The scores of several methods on the same questions, a line each.

    Args:
        reports: at least one, of the same data.
    """
    title = f"side by side on {reports[0]['data']}: {reports[0]['images']} images"
    rows = {each["name"]: each["scores"] for each in reports}
    return scores_table(title, rows, "model")


def _rows(report: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """All questions, then every way of grouping them."""
    rows = {"all": report["scores"]}
    for way, groups in report["breakdowns"].items():
        most = MOST_CATEGORIES if way == "category" else len(groups)
        rows.update({f"{way}: {name}": groups[name] for name in list(groups)[:most]})
    return rows


def scores_table(
    title: str, rows: Mapping[str, Mapping[str, float]], heading: str = "questions"
) -> Table:
    """Scores by group, one a line; columns that nobody has are left out."""
    known = [name for name in COLUMNS if any(_is_known(row.get(name)) for row in rows.values())]
    table = Table(title=escape(title), title_justify="left")
    table.add_column(heading)
    for name in known:
        table.add_column(COLUMNS[name], justify="right")
    for group, row in rows.items():
        table.add_row(escape(group), *(_cell(name, row.get(name)) for name in known))
    return table


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report whole; NaN, the score of no question, becomes null.

    Raises:
        ValueError: if a number is infinite, which JSON does not know either.
    """
    text = json.dumps(_plain(report), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, f"{text}\n")


def read_report(path: Path) -> dict[str, Any]:
    """A report that `write_json` wrote.

    Raises:
        ValueError: if it is something else.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        report["name"], report["scores"]["giou"]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is no report of an evaluation: {error!r}") from error
    return report


def print_tables(*tables: RenderableType) -> None:
    """Print, at a width at which no column is cut off when the output is no terminal."""
    console = Console()
    console = console if console.is_terminal else Console(width=160)
    for table in tables:
        console.print(table, highlight=False)


def _cell(name: str, value: float | None) -> str:
    if not _is_known(value):
        return "-"
    return str(value) if name == "count" else f"{value:.3f}"


def _is_known(value: float | None) -> bool:
    return value is not None and value == value


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and value != value else value
