# SPDX-License-Identifier: Apache-2.0
"""How it is told from the scores of the proposals whether anything in the image fits."""

from __future__ import annotations

from dataclasses import dataclass

from .logistic import LogisticWeights

__all__ = ["Presence"]


@dataclass(frozen=True)
class Presence(LogisticWeights):
    """Weights of what is seen of all proposals' scores for one instruction.

    The chance that anything fits is 1 / (1 + exp(-(sum of weights times values + shift))). It is
    another question than which of several alike is meant: an answer may be unsure where something
    fits for certain. Not in the paper; `llmseg calibrate --presence` fits it on questions that were
    not trained on.
    """

    best_iou_score: float
    """of the highest IoU score"""
    above_median: float
    """of how far the highest IoU score is above the median one"""
    best_iop: float
    """of the logit of the highest IoP"""
    second_iop: float
    """of the second highest IoP"""
    alike: float
    """of the logarithm of how many proposals' IoU scores are as high as the highest"""
    total_iop: float
    """of the sum of the IoPs"""
    spread: float
    """of the standard deviation of the IoU scores"""
    shift: float
    """what is added"""
