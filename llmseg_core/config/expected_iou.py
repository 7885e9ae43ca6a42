# SPDX-License-Identifier: Apache-2.0
"""How the IoU of a possible answer is told from the scores of the proposals."""

from __future__ import annotations

from dataclasses import dataclass

from .logistic import LogisticWeights

__all__ = ["ExpectedIoU"]


@dataclass(frozen=True)
class ExpectedIoU(LogisticWeights):
    """Weights of what is seen of a possible answer, a union of proposals.

    Its expected IoU with what is meant is 1 / (1 + exp(-(sum of weights times values + shift))).
    Not in the paper; `llmseg calibrate --rule expected_iou` fits it on questions that were not
    trained on.
    """

    agreement: float
    """of its mean IoU with the proposals, by the softmax of their IoU scores / 0.05"""
    broad_agreement: float
    """of the same by the softmax / 0.1"""
    best_agreement: float
    """of the highest product of a proposal's IoP and its IoU with the answer"""
    left_out: float
    """of the highest IoP among the proposals that lie outside by more than half"""
    likely_left_out: float
    """of how many of them have an IoP above 0.5"""
    iop: float
    """of the mean IoP of the proposals it is made of, by their areas"""
    quality: float = 0.0
    """of the mean IoU that SAM predicts of these proposals, by their areas"""
    surprise: float = 0.0
    """of the greatest squared distance of a proposal's IoP from its share inside the answer"""
    shift: float = 0.0
    """what is added"""
