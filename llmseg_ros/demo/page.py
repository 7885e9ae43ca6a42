# SPDX-License-Identifier: Apache-2.0
"""`index.html` of the demonstration: one file with everything in it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from llmseg_core.images.picture_page import Card, Fact, Figure, Note, PicturePage, Section

from .asker import Outcome
from .picture import Picture

__all__ = ["GOOD_IOU", "page"]

GOOD_IOU = 0.5
"""from which an answer is shown as a good one"""
TARGET_COLOUR = (255, 170, 40)


def page(outcomes: Sequence[Outcome], pictures: Sequence[Picture], totals: Sequence[str]) -> str:
    """The page: a card for each outcome, below the totals."""
    cards = [_card(outcome, picture) for outcome, picture in zip(outcomes, pictures, strict=True)]
    return PicturePage(
        title="llmseg demonstration",
        heading="What an instruction means, as a mask",
        notes=[Note(text) for text in totals],
        sections=[Section(cards)],
    ).html()


def _card(outcome: Outcome, picture: Picture) -> Card:
    question = outcome.question
    facts = [
        Fact(question.kind),
        Fact(f"found: {outcome.verdict}"),
        Fact(f"IoU {outcome.iou:.2f}", outcome.iou >= GOOD_IOU),
        Fact(f"confidence {outcome.confidence:.2f}"),
        Fact(f"{outcome.latency_ms:.0f} ms"),
    ]
    truth = "right answer" if question.targets else "right answer: nothing here fits"
    figures = [
        Figure(picture.overlay, f"answer to {question.instruction}", "answer of the node"),
        Figure(_with_target(picture), f"right answer to {question.instruction}", truth),
    ]
    return Card(question.instruction, facts, figures)


def _with_target(picture: Picture) -> NDArray[np.uint8]:
    """The camera's image with the right answer outlined and the rest dimmed."""
    shown = picture.image.copy()
    if picture.target.any():
        shown[~picture.target] //= 3
        contours, _ = cv2.findContours(
            picture.target.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(shown, contours, -1, TARGET_COLOUR, 2)
    return shown
