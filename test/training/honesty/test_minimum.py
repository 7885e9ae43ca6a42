# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

from llmseg_core.config import Calibration, ChanceCurve, SelectionConfig
from llmseg_core.metrics.mask_iou import MaskCounts
from llmseg_training.evaluate import Case
from llmseg_training.honesty.minimum import best_minimum, trained_minimum


def case(score: float, iou: float | None) -> Case:
    """An answer; `iou` is None where nothing fits."""
    counts = MaskCounts(round(100 * (iou or 0)), 100, 0, 1)
    return Case("a", 0, "x", "phrase", "", iou is not None, True, counts, score)


def test_the_minimum_that_pays_is_found() -> None:
    sure, unsure, nothing = case(0.9, 0.8), case(0.3, 0.2), case(0.33, None)
    assert best_minimum([sure, unsure, nothing]) == 0.35
    assert best_minimum([sure, unsure]) == 0.0
    assert best_minimum([sure, replace(unsure, confidence=0.12), nothing, case(0.9, None)]) == 0.35


def test_a_trained_model_drops_what_does_not_pay() -> None:
    same = ChanceCurve(1, 1, 0)
    old, new = Calibration(same, same), Calibration(ChanceCurve(2, 1, 0), same)
    before = SelectionConfig(min_confidence=0.55)
    good, absent = [case(0.3, 0.9)] * 30, [case(0.2, None)] * 20
    assert trained_minimum(good + absent, before, old, new) == new.of_mask(0.25)
    # too few questions that nothing fits say nothing of what to drop
    few = trained_minimum(good + absent[:19], before, old, new)
    assert abs(few - new.of_mask(0.55)) < 1e-6
    assert trained_minimum([case(0.3, 0.9)] * 9 + [case(0.0, None)] * 20, before, old, new) > 0
