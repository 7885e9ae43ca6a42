# SPDX-License-Identifier: Apache-2.0
"""All checks, those of other packages too, and the page that they make.

Another package adds checks by an entry point of the group `llmseg.checks`: a function that takes a
`Question` and gives findings.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points

from .finding import Finding, State
from .machine import check_machine

__all__ = ["CHECK_GROUP", "Check", "Question", "all_findings", "page"]

CHECK_GROUP = "llmseg.checks"
WIDTH = 100
PARAGRAPH = textwrap.TextWrapper(  # paths and commands stay in one piece
    WIDTH, subsequent_indent=" " * 8, break_on_hyphens=False, break_long_words=False
)
MARKS = {State.GOOD: "ok   ", State.NOTE: "     ", State.WARNING: "warn ", State.WRONG: "WRONG"}


@dataclass(frozen=True)
class Question:
    """What somebody wants to know.

    Attributes:
        models: paths, "embedded" or profiles; empty stands for all that are here.
        topic: of a camera; empty where none is to be looked at.
        seconds: how long it is listened to.
        digests: whether contents of models are compared with the hub's digests.
    """

    models: Sequence[str] = ()
    topic: str = ""
    seconds: float = 5.0
    digests: bool = False


Check = Callable[[Question], Iterable[Finding]]
"""what an entry point of the group `llmseg.checks` names"""


def all_findings(question: Question) -> Iterator[Finding]:
    """Everything that is looked at; a check that fails is a finding itself."""
    seen = []
    for finding in check_machine():
        seen.append(finding)
        yield finding
    if not any(finding.state is State.WRONG for finding in seen):
        # these need what was just looked at
        from .models import check_models, interrupted_downloads, models_here

        yield from check_models(question.models or models_here(), question.digests)
        yield from interrupted_downloads()
    # one of a name: a source checkout and what was built from it may both be on the path
    checks = {point.name: point for point in entry_points(group=CHECK_GROUP)}.values()
    if question.topic and not checks:
        text = "the part of llmseg that knows ROS is not installed"
        yield Finding("topic", State.WRONG, text, "pip install . (in the source folder)")
    for point in checks:
        try:
            check: Check = point.load()
            yield from check(question)
        except Exception as error:
            said = " ".join(f"{type(error).__name__}: {error}".split())
            yield Finding(point.name, State.WRONG, f"could not be looked at: {said}")


def page(findings: Sequence[Finding]) -> str:
    """The findings for people, what is wrong last."""
    lines = []
    for finding in findings:
        text = f"{MARKS[finding.state]} {finding.subject}: {finding.text}"
        lines.append(PARAGRAPH.fill(text))
        if finding.remedy:
            lines.append(f"      -> {finding.remedy}")
    wrong = sum(finding.state is State.WRONG for finding in findings)
    warnings = sum(finding.state is State.WARNING for finding in findings)
    lines.append("")
    lines.append(f"{wrong} wrong, {warnings} warnings" if wrong or warnings else "nothing is wrong")
    return "\n".join(lines)
