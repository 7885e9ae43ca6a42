# SPDX-License-Identifier: Apache-2.0
"""How well the model answers the questions that people have asked, found out in spare time."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

from llmseg_core.metrics.overlap import pairwise_iou
from llmseg_core.types import Segmentation

__all__ = ["Score", "Scores", "score_of"]


@dataclass(frozen=True)
class Score:
    """How the model did on one question.

    Attributes:
        iou: of its answer with the mask that people drew, [0, 1]; 1 where both say that nothing
            fits. None if the model could not be asked.
        confidence: its own, [0, 1].
        trouble: why it could not be asked; "" if it could.
    """

    iou: float | None
    confidence: float = 0.0
    trouble: str = ""


class Scores:
    """Scores of questions by what they depend on; used by several threads."""

    def __init__(self) -> None:
        self._found: dict[Hashable, Score] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._found

    def get(self, key: Hashable) -> Score | None:
        """The score of a question, if it is known."""
        return self._found.get(key)

    def put(self, key: Hashable, score: Score) -> None:
        """Remember one."""
        self._found[key] = score

    def worst(self, keys: Iterable[Hashable]) -> float | None:
        """The lowest IoU among some questions; None if none is known."""
        known = (self._found[key].iou for key in keys if key in self._found)
        return min((iou for iou in known if iou is not None), default=None)


def score_of(answer: Segmentation, mask: np.ndarray) -> Score:
    """Compare an answer with a mask of people, (H, W) bool."""
    drawn, meant = (torch.from_numpy(np.ascontiguousarray(each)) for each in (answer.mask, mask))
    iou = float(pairwise_iou(drawn[None], meant[None], empty=1.0)[0, 0])
    return Score(round(iou, 4), round(float(answer.confidence), 4))
