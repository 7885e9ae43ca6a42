# SPDX-License-Identifier: Apache-2.0
"""Answers drawn by hand: four pixels in a row, three proposals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from llmseg_core import Proposals
from llmseg_core.config import SelectionConfig
from llmseg_core.selector.selection import select, union_mask
from llmseg_core.types import (
    Candidates,
    FrameEncoding,
    ImagePrefix,
    ProposalEmbeddings,
    ProposalScores,
    Segmentation,
)
from llmseg_training.evaluate import ProposalAtoms
from llmseg_training.evaluate.scene_answers import Answer, SceneAnswers
from llmseg_training.questions import QuestionSample

MASKS = torch.tensor([[1, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 0]], dtype=torch.bool)[:, None]
"""The left two pixels; the third; all three. The fourth belongs to none."""


def answer(
    target: Sequence[int],
    iop: Sequence[float],
    iou_score: Sequence[float] | None = None,
    config: SelectionConfig | None = None,
    masks: torch.Tensor = MASKS,
) -> Answer:
    """What a question is answered whose target is the pixels at `target`, by predicted scores."""
    proposals = Proposals.from_masks(masks)
    scores = ProposalScores(
        torch.tensor([iop if iou_score is None else iou_score], dtype=torch.float32),
        torch.tensor([iop], dtype=torch.float32),
    )
    selection = select(scores, config or SelectionConfig())
    mask = np.zeros((1, 4), dtype=bool)
    mask[0, list(target)] = True
    ids = (1,) if target else ()
    return Answer(
        question=QuestionSample("the thing", "category", ids, "seen", (), None, None, None, "x"),
        segmentation=Segmentation(
            "the thing",
            union_mask(masks, selection).numpy(),
            selection,
            Candidates(
                proposals.masks,
                proposals.boxes_px,
                proposals.areas_px,
                scores.iou_score[0],
                scores.iop[0],
            ),
        ),
        target=mask,
        bounds=ProposalAtoms(masks.numpy()).count(mask).bounds(),
    )


def scene_of(*answers: Answer) -> SceneAnswers:
    """A scene about which they were given."""
    nothing = torch.zeros(1, 1, 1, 1)
    return SceneAnswers(
        frame=FrameEncoding(
            Proposals.from_masks(MASKS),
            ProposalEmbeddings(torch.zeros(3, 2), torch.zeros(3, 4)),
            torch.zeros(3, 2),
            ImagePrefix((nothing,), (nothing,)),
        ),
        best_iou=torch.ones(1),
        answers=answers,
    )


def giou_of(table: dict[str, float], config: SelectionConfig) -> set[float]:
    """What a table of tuning says of a setting, whatever its top k."""
    start = f"{config.rule.value} iop>{config.iop_threshold} "
    end = f" confidence>={config.min_confidence}"
    return {
        giou for name, giou in table.items() if f"{name} ".startswith(start) and name.endswith(end)
    }
