# SPDX-License-Identifier: Apache-2.0
"""What one card of the gallery shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .case import Case

__all__ = ["Exhibit", "ProposalLine"]


@dataclass(frozen=True)
class ProposalLine:
    """Scores of one proposal.

    Attributes:
        iop: predicted, [0, 1].
        iou_score: similarity to the seg embedding.
        iou: the true IoU with the target, [0, 1].
    """

    iop: float
    iou_score: float
    iou: float


@dataclass(frozen=True)
class Exhibit:
    """One answer with all that its card shows.

    Attributes:
        case: how it was judged.
        target: (h, w, 3) uint8 RGB, the image with what is meant.
        answer: (h, w, 3) uint8 RGB, the image with hits, misses and false alarms.
        proposals: scores of the most promising ones; none for methods without proposals.
        reason: why nothing was found; "" if something was, or nobody says.
    """

    case: Case
    target: np.ndarray
    answer: np.ndarray
    proposals: tuple[ProposalLine, ...]
    reason: str = ""
