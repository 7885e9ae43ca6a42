# SPDX-License-Identifier: Apache-2.0
"""Settings that are the weights of a logistic function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields

from .settings import Settings

__all__ = ["LogisticWeights"]


class LogisticWeights(Settings):
    """A weight for each value, and `shift` as the last field: 1 / (1 + exp(-(sum + shift)))."""

    shift: float

    @property
    def weights(self) -> tuple[float, ...]:
        """All but the shift, in the order of the fields."""
        return tuple(getattr(self, spec.name) for spec in fields(self))[:-1]

    def chance(self, values: Sequence[float]) -> float:
        """The function's value in (0, 1) at as many values as there are weights."""
        logit = sum(value * weight for value, weight in zip(values, self.weights, strict=True))
        return 1 / (1 + math.exp(-min(max(logit + self.shift, -50.0), 50.0)))
