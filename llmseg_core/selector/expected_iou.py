# SPDX-License-Identifier: Apache-2.0
"""Judges whole answers: what IoU may be expected of a union of proposals.

The paper's rules judge each proposal for itself, and never see that two of them are the same thing
twice, or that the likeliest one is but a part of another. Not in the paper.
"""

from __future__ import annotations

import torch
from torch import Tensor

from llmseg_core.config import ExpectedIoU
from llmseg_core.types import ProposalScores

__all__ = ["answer_values", "best_answer", "mask_cells", "possible_answers"]

CELLS = 64
"""most cells along the longer side of an image, on which masks are compared"""
SINGLE, PAIRED = 6, 4
"""of the proposals ranked highest by IoU score: tried alone, tried as pairs"""
AMONG = 3, 5
"""of how many of them all likely ones are tried, beside those of the whole image"""
LIKELY = 0.4, 0.5, 0.6, 0.7, 0.8, 0.9
"""IoP above which a proposal is likely"""
TEMPERATURES = 0.05, 0.1
"""of the softmaxes of IoU scores"""


def best_answer(
    scores: ProposalScores, masks: Tensor, weights: ExpectedIoU
) -> tuple[tuple[int, ...], float]:
    """The possible answer of the highest expected IoU.

    Args:
        scores: of one instruction, (1, K) on the CPU; K is at least 1.
        masks: (K, h, w) bool, the proposals.
        weights: how the IoU is told.

    Returns:
        Its proposals, and its expected IoU, [0, 1].
    """
    answers = possible_answers(scores)
    values = answer_values(scores, mask_cells(masks), answers)
    logits = values @ torch.tensor(weights.weights, dtype=torch.float64)
    best = int(logits.argmax())
    return answers[best], weights.chance(values[best].tolist())


def possible_answers(scores: ProposalScores) -> list[tuple[int, ...]]:
    """The unions that are looked at, each once, as ascending indices of proposals.

    Args:
        scores: of one instruction, (1, K) on the CPU; K is at least 1.
    """
    iop, iou_score = scores.iop[0].tolist(), scores.iou_score[0].tolist()
    ranked = sorted(range(len(iop)), key=lambda each: -iou_score[each])
    answers: list[tuple[int, ...]] = [(each,) for each in ranked[:SINGLE]]
    for threshold in LIKELY:
        for among in (range(len(iop)), *(ranked[:count] for count in AMONG)):
            answers.append(tuple(each for each in among if iop[each] > threshold))
    paired = ranked[:PAIRED]
    answers += [(one, other) for place, one in enumerate(paired) for other in paired[:place]]
    return [each for each in dict.fromkeys(tuple(sorted(each)) for each in answers) if each]


def mask_cells(masks: Tensor) -> Tensor:
    """Masks on a coarse grid: (K, h, w) bool to (K, cells) float32, 0 or 1, on the CPU."""
    step = max(1, -(-max(masks.shape[1:]) // CELLS))
    return masks[:, step // 2 :: step, step // 2 :: step].flatten(1).cpu().float()


def answer_values(scores: ProposalScores, cells: Tensor, answers: list[tuple[int, ...]]) -> Tensor:
    """What is seen of each answer, in the order of `ExpectedIoU.weights`.

    Args:
        scores: of one instruction, (1, K) on the CPU.
        cells: (K, cells) float32, see `mask_cells`.
        answers: A of them.

    Returns:
        (A, 8) float64.
    """
    iou_score, iop = scores.iou_score[0].double(), scores.iop[0].double()
    quality = scores.quality.double()
    taken = torch.zeros(len(answers), len(cells), dtype=torch.float32)
    for row, answer in enumerate(answers):
        taken[row, list(answer)] = 1
    union = (taken @ cells).clamp(max=1)
    # whole numbers of cells, which float32 holds exactly
    areas, shared = cells.sum(1).double(), (union @ cells.T).double()
    iou = shared / (areas + union.sum(1, keepdim=True).double() - shared).clamp(min=1)
    outside = shared < areas / 2
    members = taken.double() * areas.clamp(min=1)
    return torch.stack(
        [
            *(iou @ (iou_score / each).softmax(0) for each in TEMPERATURES),
            (iou * iop).amax(1),
            (outside * iop).amax(1),
            (outside & (iop > 0.5)).sum(1).double(),
            (members @ iop) / members.sum(1),
            (members @ quality) / members.sum(1),
            (shared / areas.clamp(min=1) - iop).square().amax(1),
        ],
        1,
    )
