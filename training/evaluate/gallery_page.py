# SPDX-License-Identifier: Apache-2.0
"""The gallery as one HTML file with everything in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmseg_core.images.picture_page import (
    Card,
    CardTable,
    Fact,
    Figure,
    Note,
    PicturePage,
    Section,
)

from .exhibit import Exhibit, ProposalLine
from .gallery_pictures import COLOURS

__all__ = ["gallery_page"]

GOOD_IOU = 0.5
"""from which an answer is shown as a good one"""


def gallery_page(title: str, sections: Mapping[str, Sequence[Exhibit]]) -> str:
    """The page; sections without a card are left out."""
    return PicturePage(
        title=title,
        notes=[Note(name, colour) for name, colour in COLOURS.items()],
        sections=[
            Section(list(map(_card, exhibits)), heading) for heading, exhibits in sections.items()
        ],
    ).html()


def _card(exhibit: Exhibit) -> Card:
    case = exhibit.case
    facts = [
        Fact(f"IoU {case.iou:.2f}", case.iou >= GOOD_IOU),
        Fact(f"{case.sample}, question {case.question}"),
        Fact(case.kind),
        Fact(case.category),
        Fact("" if case.has_target else "nothing fits"),
        Fact("" if case.found else "answered: nothing"),
        Fact(exhibit.reason),
        Fact("" if case.confidence is None else f"confidence {case.confidence:.2f}"),
    ]
    if case.bounds is not None and case.has_target:
        best, union = case.bounds.best, case.bounds.union
        facts.append(Fact(f"best proposal IoU {best:.2f}, union {union:.2f}"))
    figures = [
        Figure(exhibit.target, f"what is meant by {case.text}", "what is meant"),
        Figure(exhibit.answer, f"answer to {case.text}", "the answer"),
    ]
    return Card(case.text, facts, figures, _table(exhibit.proposals))


def _table(lines: Sequence[ProposalLine]) -> CardTable | None:
    if not lines:
        return None
    return CardTable(
        "proposals of the highest predicted IoP",
        ("IoP", "IoU score", "IoU with the target"),
        [(f"{line.iop:.2f}", f"{line.iou_score:.2f}", f"{line.iou:.2f}") for line in lines],
    )
