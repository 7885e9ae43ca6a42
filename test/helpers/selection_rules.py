# SPDX-License-Identifier: Apache-2.0
"""Every selection rule, also the one that has to be fitted."""

from __future__ import annotations

from typing import Any

from llmseg_core.config import ExpectedIoU, Presence, SelectionConfig, SelectionRule

__all__ = ["PRESENCE", "WEIGHTS", "every_rule"]

WEIGHTS = ExpectedIoU(
    agreement=1.0,
    broad_agreement=2.0,
    best_agreement=3.0,
    left_out=-2.0,
    likely_left_out=-0.5,
    iop=1.5,
    shift=-3.0,
)
"""as a fitted model might have them"""

PRESENCE = Presence(
    best_iou_score=2.0,
    above_median=1.0,
    best_iop=0.5,
    second_iop=0.25,
    alike=-1.0,
    total_iop=0.125,
    spread=3.0,
    shift=-1.5,
)
"""as a fitted model might have them"""


def every_rule(**others: Any) -> list[SelectionConfig]:
    """A configuration of each rule; the rest as given."""
    return [SelectionConfig(rule, expected_iou=WEIGHTS, **others) for rule in SelectionRule]
