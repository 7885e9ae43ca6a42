# SPDX-License-Identifier: Apache-2.0
"""One thing in an image, as a box, points or both show it."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Target"]


@dataclass(frozen=True)
class Target:
    """What a promptable segmenter is shown; there is a box or at least one point.

    Attributes:
        box_px: left, top, right, bottom in pixels of the image, between its edges; None if only
            points show it.
        points_px: x, y on the thing in pixels of the image.
        label: what it was called; "" if nothing was said.
        score: how sure whoever showed it is, [0, 1]; None where that was not said.
    """

    box_px: tuple[float, float, float, float] | None = None
    points_px: tuple[tuple[float, float], ...] = ()
    label: str = ""
    score: float | None = None

    def __post_init__(self) -> None:
        if self.box_px is None and not self.points_px:
            raise ValueError("a target has neither box nor point, it must have one of them")
        numbers = [*(self.box_px or ()), *(value for point in self.points_px for value in point)]
        if not all(math.isfinite(value) for value in numbers):
            raise ValueError(f"a target lies at {numbers}, all must be finite numbers")
        if self.box_px is not None:
            left, top, right, bottom = self.box_px
            if left > right or top > bottom:
                raise ValueError(
                    f"a target's box is {self.box_px}, it must be left, top, right, bottom"
                )
        if self.score is not None and not 0 <= self.score <= 1:
            raise ValueError(f"a target's score is {self.score}, it must be in [0, 1]")
