# SPDX-License-Identifier: Apache-2.0
"""How often a method's answers are right, by the score that it gives them itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from .limits import AtLeast
from .settings import Settings

__all__ = ["Calibration", "ChanceCurve"]

SHARPEST = 1e-3
"""distance from 0 and 1 at which scores stop counting as surer"""


@dataclass(frozen=True)
class ChanceCurve(Settings):
    """A chance that never falls as the score rises.

    Beta calibration (Kull, Silva Filho and Flach, AISTATS 2017): of the score s the chance is
    1 / (1 + exp(-(rise ln s - fall ln(1 - s) + shift))). With 1, 1, 0 it is the score itself.
    """

    rise: Annotated[float, AtLeast(0)]
    """weight of ln s"""
    fall: Annotated[float, AtLeast(0)]
    """weight of -ln(1 - s)"""
    shift: float
    """what is added"""

    def __call__(self, score: float) -> float:
        """The chance in (0, 1) at a score in [0, 1]."""
        inside = min(max(score, SHARPEST), 1 - SHARPEST)
        logit = self.rise * math.log(inside) - self.fall * math.log1p(-inside) + self.shift
        return 1 / (1 + math.exp(-min(max(logit, -50.0), 50.0)))

    def score_at(self, chance: float) -> float:
        """The least score in [0, 1] whose chance is not below `chance`; 1 if none reaches it."""
        low, high = 0.0, 1.0
        if self(low) >= chance:
            return low
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if self(middle) >= chance else (middle, high)
        return high


@dataclass(frozen=True)
class Calibration(Settings):
    """Turns a method's own score, [0, 1], into how often such an answer is right.

    `llmseg calibrate` fits it on questions that were not trained on. An answer is right if its IoU
    with what is meant is at least 0.5, or if it is "nothing fits" and nothing does.
    """

    right: ChanceCurve
    """how often a mask is right"""
    fits: ChanceCurve
    """how often anything in the image fits; "nothing fits" is right in the other cases"""
    data: str = ""
    """what it was fitted on, for people"""
    questions: Annotated[int, AtLeast(0)] = 0
    """how many questions that were"""

    def of_mask(self, score: float) -> float:
        """The confidence of an answer with a mask, [0, 1]."""
        return self.right(score)

    def of_nothing(self, score: float) -> float:
        """The confidence of the answer that nothing fits, [0, 1]."""
        return 1 - self.fits(score)
