# SPDX-License-Identifier: Apache-2.0
"""Tells from the scores of all proposals whether anything in the image fits.

The paper's rules let the score of the answer decide, which is low too where one of several alike is
meant, and the model does not know which. Not in the paper.
"""

from __future__ import annotations

import math

from llmseg_core.config import Presence
from llmseg_core.types import ProposalScores

__all__ = ["chance_of_presence", "presence_values"]

TEMPERATURE = 0.05
"""of the IoU scores that count as high as the highest"""
SURE = 1e-3
"""distance from 0 and 1 at which an IoP stops counting as surer"""


def chance_of_presence(scores: ProposalScores, weights: Presence) -> float:
    """The chance that anything fits, (0, 1).

    Args:
        scores: of one instruction, (1, K) on the CPU; K is at least 1.
        weights: how it is told.
    """
    return weights.chance(presence_values(scores))


def presence_values(scores: ProposalScores) -> tuple[float, ...]:
    """What is seen of the scores, in the order of `Presence.weights`.

    Args:
        scores: of one instruction, (1, K) on the CPU; K is at least 1.
    """
    by_iou, by_iop = sorted(scores.iou_score[0].tolist()), sorted(scores.iop[0].tolist())
    count, highest = len(by_iou), by_iou[-1]
    mean = sum(by_iou) / count
    surest = min(max(by_iop[-1], SURE), 1 - SURE)
    return (
        highest,
        highest - (by_iou[(count - 1) // 2] + by_iou[count // 2]) / 2,
        math.log(surest / (1 - surest)),
        by_iop[-2] if count > 1 else 0.0,
        math.log(sum(math.exp((each - highest) / TEMPERATURE) for each in by_iou)),
        sum(by_iop),
        math.sqrt(sum((each - mean) ** 2 for each in by_iou) / count),
    )
