# SPDX-License-Identifier: Apache-2.0
"""Questions and answers drawn by hand: four pixels in a row, three proposals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from llmseg_core.config import SelectionConfig
from llmseg_core.types import ProposalScores
from llmseg_training.data import DataQuestion, DataSample, QuestionKind
from llmseg_training.evaluate import SampleAnswers, ScoredProposals

MASKS = torch.tensor([[1, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 0]], dtype=torch.bool)[:, None]
"""The left two pixels; the third; all three. The fourth belongs to none."""


@dataclass(frozen=True)
class Asked:
    """A question whose target is the pixels at `target`, and the scores that the proposals get."""

    target: Sequence[int]
    iop: Sequence[float]
    iou_score: Sequence[float] | None = None


class DrawnAnswers:
    """Images with questions, and the answers to them: a `SegmentationData`, an `AnswerSource`.

    Args:
        images: the questions about each.
        masks: (K, 1, 4) bool, the proposals of every image.
        config: the rule and its thresholds.
    """

    name = "drawn"

    def __init__(
        self,
        *images: Sequence[Asked],
        masks: torch.Tensor = MASKS,
        config: SelectionConfig | None = None,
    ) -> None:
        self.images, self.masks = images, masks
        self.config = config or SelectionConfig()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> DataSample:
        questions = [
            DataQuestion("the thing", QuestionKind.INSTRUCTION, pixels(asked.target))
            for asked in self.images[index]
        ]
        return DataSample(str(index), np.zeros((1, 4, 3), dtype=np.uint8), tuple(questions))

    def answer(self, sample: DataSample) -> SampleAnswers:
        asked = self.images[int(sample.name)]
        iop = torch.tensor([each.iop for each in asked], dtype=torch.float32)
        ranks = [each.iop if each.iou_score is None else each.iou_score for each in asked]
        scores = ProposalScores(torch.tensor(ranks, dtype=torch.float32), iop)
        scored = ScoredProposals(self.masks, scores, (1, 4))
        scored.check(sample.name)
        return SampleAnswers(scored.predict(self.config), scored)

    def finish(self) -> None:
        pass


def pixels(places: Sequence[int]) -> np.ndarray:
    """(1, 4) bool, True at `places`."""
    mask = np.zeros((1, 4), dtype=bool)
    mask[0, list(places)] = True
    return mask


def giou_of(table: dict[str, float], config: SelectionConfig) -> set[float]:
    """What a table of tuning says of a setting, whatever its top k."""
    start = f"{config.rule.value} iop>{config.iop_threshold} "
    end = f" confidence>={config.min_confidence}"
    return {
        giou for name, giou in table.items() if f"{name} ".startswith(start) and name.endswith(end)
    }
