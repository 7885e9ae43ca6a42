# SPDX-License-Identifier: Apache-2.0
"""One question, judged: how the answer overlaps with what is meant."""

from __future__ import annotations

from dataclasses import dataclass, replace

from llmseg_core.metrics.mask_iou import MaskCounts

from .atoms import Bounds

__all__ = ["Case"]


@dataclass(frozen=True)
class Case:
    """What is known of one question after it was answered and compared with the right answer.

    Attributes:
        sample: name of the image.
        question: number of the question among those about the image, from 0.
        text: what was asked.
        kind: what the text is: "instruction", "phrase", "category", or a data set's own kind.
        category: of the target, "" if unknown.
        has_target: whether anything in the image fits.
        found: whether the method found anything.
        counts: pixels in common.
        confidence: the method's own, [0, 1]; None if it gives none.
        bounds: of the image's proposals; None for methods without proposals.
        phrasing: "seen" if worded as in training, "unseen" if not, "" if unknown.
        targets: how many things are meant; None if unknown.
        presence: the chance that anything fits, as the method tells it, [0, 1]; None if none.
    """

    sample: str
    question: int
    text: str
    kind: str
    category: str
    has_target: bool
    found: bool
    counts: MaskCounts
    confidence: float | None = None
    bounds: Bounds | None = None
    phrasing: str = ""
    targets: int | None = None
    presence: float | None = None

    @property
    def iou(self) -> float:
        """[0, 1]; 1 if rightly nothing was found."""
        return self.counts.iou

    @property
    def words(self) -> int:
        """Words of the text."""
        return len(self.text.split())

    def unanswered(self) -> Case:
        """The same question answered by nothing; of its pixels only remains whether there are any.

        Where the chance that anything fits is known, what it leaves is the confidence.
        """
        missed = int(self.has_target)
        confidence = self.confidence if self.presence is None else 1 - self.presence
        counts = MaskCounts(0, missed, 0, missed)
        return replace(self, found=False, counts=counts, confidence=confidence)
