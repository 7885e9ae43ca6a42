# SPDX-License-Identifier: Apache-2.0
"""What people say of samples of the data set, and how sure one can be of the share."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmseg_core.runtime.whole_file import write_whole

from ...data.plain_json import parse_json, read_json
from .writer import PROVENANCE

__all__ = ["REVIEW", "Review", "review", "wilson"]

REVIEW = "review.json"
_VERDICTS = ("accept", "reject", "unsure")
_TITLE = "## Checked by people"


@dataclass(frozen=True)
class Review:
    """Counts of verdicts.

    Attributes:
        accepted, rejected, unsure: how many questions.
        shown: how many were on the page.
        reasons: what was said of rejected ones, with counts.
    """

    accepted: int
    rejected: int
    unsure: int
    shown: int
    reasons: dict[str, int]

    @property
    def rate(self) -> float:
        """Share of accepted among the accepted and rejected; NaN without any."""
        decided = self.accepted + self.rejected
        return self.accepted / decided if decided else float("nan")

    def text(self) -> str:
        """For people and for the card."""
        decided = self.accepted + self.rejected
        if not decided:
            return f"none of {self.shown} questions was accepted or rejected"
        low, high = wilson(self.accepted, decided)
        lines = [
            f"accepted {self.accepted} of {decided} questions: {self.rate:.1%}, 95 % interval "
            f"{low:.1%} to {high:.1%} (Wilson); {self.unsure} unsure, "
            f"{self.shown - decided - self.unsure} of {self.shown} not looked at"
        ]
        lines += [f"  rejected as {reason}: {count}" for reason, count in self.reasons.items()]
        return "\n".join(lines)


def review(out: Path, verdicts: Path) -> Review:
    """Count what a page saved; the data set's card and `review.json` say it from now on.

    Args:
        out: folder of a run, with the data set.
        verdicts: the file that the page saved.

    Raises:
        FileNotFoundError: if one is missing.
        ValueError: if the file is no such, or is about other questions.
    """
    content = read_json(verdicts)
    found = content.get("verdicts") if isinstance(content, dict) else None
    if not isinstance(found, dict) or not isinstance(content.get("shown"), int):
        raise ValueError(f"{verdicts} is not what the page of `llmseg generate page` saves")
    known = _ids(out)
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for question, each in found.items():
        if question not in known:
            raise ValueError(f"{verdicts} is about the question {question!r}, which {out} has not")
        said = each.get("verdict") if isinstance(each, dict) else None
        if said not in _VERDICTS:
            raise ValueError(
                f"{verdicts}: the verdict on {question} is {said!r}, it must be one of "
                f"{', '.join(_VERDICTS)}"
            )
        counts[said] += 1
        if said == "reject":
            reasons[str(each.get("reason") or "no reason given")] += 1
    shown = max(content["shown"], counts.total())
    made = Review(
        counts["accept"], counts["reject"], counts["unsure"], shown, dict(reasons.most_common())
    )
    _keep(out, made)
    return made


def wilson(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share (95 % at z = 1.96).

    Raises:
        ValueError: unless 0 <= hits <= count and count > 0.
    """
    if not 0 <= hits <= count or count < 1:
        raise ValueError(f"{hits} of {count} is no share")
    share, square = hits / count, z * z / count
    middle = (share + square / 2) / (1 + square)
    reach = z / (1 + square) * math.sqrt(share * (1 - share) / count + square / (4 * count))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _ids(out: Path) -> set[str]:
    file = out / "data" / PROVENANCE
    if not file.is_file():
        raise FileNotFoundError(f"{out} has no data set: run `llmseg generate run` first")
    return {parse_json(line)["id"] for line in file.read_bytes().splitlines()}


def _keep(out: Path, made: Review) -> None:
    plain: dict[str, Any] = {
        "accepted": made.accepted,
        "rejected": made.rejected,
        "unsure": made.unsure,
        "shown": made.shown,
        "reasons": made.reasons,
    }
    write_whole(out / REVIEW, json.dumps(plain, indent=2) + "\n")
    card = out / "data" / "README.md"
    before, title, rest = card.read_text(encoding="utf-8").partition(_TITLE)
    after = rest.partition("\n## ")[2]
    write_whole(card, f"{before}{title}\n\n{made.text()}\n\n## {after}")
