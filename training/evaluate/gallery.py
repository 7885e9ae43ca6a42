# SPDX-License-Identifier: Apache-2.0
"""The worst and the best answers on one self-contained page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..data import DataQuestion, SegmentationData
from .answers import AnswerSource, Prediction, SampleAnswers
from .atoms import ProposalAtoms
from .case import Case
from .evaluation import Evaluation
from .exhibit import Exhibit, ProposalLine
from .gallery_page import gallery_page
from .gallery_pictures import compared, with_target

__all__ = ["exhibits", "gallery"]

ALIKE = 2
"""cards of one sort about the same text, image or category, as long as there are others"""
PROPOSALS = 5
"""proposals of which a card shows the scores: those of the highest predicted IoP"""


def gallery(
    evaluation: Evaluation, data: SegmentationData, source: AnswerSource, count: int, title: str
) -> str:
    """The page, images and all, as HTML.

    Args:
        evaluation: of `data`, with answers of `source`.
        data: is read again for the cases that are shown.
        source: gives the answers again.
        count: cases of each sort.
        title: of the page.
    """
    worst, best = _chosen(evaluation.cases, count)
    sections = {
        "Worst": exhibits(worst, evaluation, data, source),
        "Best": exhibits(best, evaluation, data, source),
    }
    return gallery_page(title, sections)


def exhibits(
    cases: Sequence[Case], evaluation: Evaluation, data: SegmentationData, source: AnswerSource
) -> list[Exhibit]:
    """The cards of some cases."""
    shown = []
    for case in cases:
        sample = data[evaluation.indices[case.sample]]
        answers, question = source.answer(sample), sample.questions[case.question]
        prediction: Prediction = answers.predictions[case.question]
        shown.append(
            Exhibit(
                case,
                with_target(sample.image, question.mask, question.ignore),
                compared(sample.image, prediction.mask, question.mask, question.ignore),
                _proposal_lines(answers, case.question, question),
                prediction.reason,
            )
        )
    return shown


def _chosen(cases: Sequence[Case], count: int) -> tuple[list[Case], list[Case]]:
    """The worst, those first for which there was a good proposal, and the best of the rest."""
    order = sorted(cases, key=lambda case: (case.iou, -case.bounds.best if case.bounds else 0.0))
    worst = _varied(order, count)
    rest = [case for case in order if not any(case is each for each in worst)]
    rest.sort(key=lambda case: (case.has_target, case.iou), reverse=True)
    return worst, _varied(rest, count)


def _varied(cases: Sequence[Case], count: int) -> list[Case]:
    """The first ones of which no text, image or category is there more than `ALIKE` times.

    Where that leaves too few, the first of the others follow.
    """
    met: Counter[tuple[str, str]] = Counter()
    chosen: list[Case] = []
    others: list[Case] = []
    for case in cases:
        if len(chosen) == count:
            break
        marks = [("text", case.text), ("image", case.sample)]
        marks += [("category", case.category)] if case.category else []
        if any(met[mark] == ALIKE for mark in marks):
            others.append(case)
            continue
        met.update(marks)
        chosen.append(case)
    return [*chosen, *others[: count - len(chosen)]]


def _proposal_lines(
    answers: SampleAnswers, number: int, question: DataQuestion
) -> tuple[ProposalLine, ...]:
    scored = answers.proposals
    if scored is None:
        return ()
    iou = ProposalAtoms(scored.full_masks).count(question.mask, question.ignore).single_iou()
    iop, iou_score = scored.scores.iop[number], scored.scores.iou_score[number]
    order = iop.argsort(descending=True, stable=True)[:PROPOSALS].tolist()
    return tuple(
        ProposalLine(float(iop[index]), float(iou_score[index]), float(iou[index]))
        for index in order
    )
